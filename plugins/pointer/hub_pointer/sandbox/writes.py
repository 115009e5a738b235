"""Writing: replies, complaints, comments, chats, webhooks, in our own reading of the sheet's section 12."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.sandbox import Traffic, require_loopback

from .answers import AnswerError, Handlers, body_of, listed, ok, parameters
from .model import MOSCOW, Reply, Review
from .render import reply_json
from .world import PointerWorld

REASONS = ("spam", "offense", "not_a_client", "other")
EVENTS = ("reviews", "comments", "messages")
CHAT = "0b0d6c1e-0000-4000-8000-00000000c001"


class Writes(Handlers):
    """Handlers of everything that can be written, and the reading that belongs to it."""

    def __init__(self, world: PointerWorld, traffic: Traffic) -> None:
        """Serve *world*, note writes in *traffic*."""
        super().__init__(world)
        self._traffic = traffic
        self._messages: list[dict[str, Any]] = [{"id": 1, "text": "Здравствуйте, вы открыты?", "is_owner": False}]

    def routes(self) -> list[Route]:
        """Every operation of this part."""
        reply, comments = "/reviews/{id}/reply", "/reviews/{id}/comments"
        messages = "/conversations/{uuid}/messages"
        return [
            Route(reply, self.create_reply, methods=["POST"]),
            Route(reply, self.change_reply, methods=["PATCH"]),
            Route(reply, self.delete_reply, methods=["DELETE"]),
            Route("/reviews/{id}/report", self.report, methods=["PATCH"]),
            Route(comments, self.comments),
            Route(comments, self.add_comment, methods=["POST"]),
            Route("/conversations", self.conversations),
            Route(messages, self.messages),
            Route(messages, self.send_message, methods=["POST"]),
            Route("/webhooks", self.webhooks),
            Route("/webhooks", self.create_webhook, methods=["POST"]),
            Route("/webhooks/{uuid}", self.replace_webhook, methods=["PUT"]),
            Route("/webhooks/{uuid}", self.delete_webhook, methods=["DELETE"]),
            Route("/feedback-activator/review-email-requests", self.ask_by_mail, methods=["POST"]),
        ]

    async def create_reply(self, request: Request) -> Response:
        """POST /reviews/{id}/reply: 201, or 409 if there is one."""
        review, text = self._review(request), await _text(request)
        if review.deleted:
            raise AnswerError(422, "Отзыв удалён на карте", {"id": ["Отзыв удалён"]})
        if review.reply:
            raise AnswerError(409, "На отзыв уже есть ответ")
        return ok(self._answer("create_reply", review, text), 201)

    async def change_reply(self, request: Request) -> Response:
        """PATCH /reviews/{id}/reply: the new text is checked again."""
        review, text = self._review(request), await _text(request)
        self._reply(review)
        return ok(self._answer("change_reply", review, text))

    async def delete_reply(self, request: Request) -> Response:
        """DELETE /reviews/{id}/reply: 204."""
        review = self._review(request)
        self._reply(review)
        review.reply = None
        review.touch(self.world.now())
        self._wrote("delete_reply", review)
        return Response(status_code=204)

    async def report(self, request: Request) -> Response:
        """PATCH /reviews/{id}/report: taken at once; what comes of it shows days later, or never."""
        review, body = self._review(request), await body_of(request)
        reason = body.get("reason")
        if reason not in REASONS:
            raise AnswerError(422, "Неизвестная причина", {"reason": [f"Одно из: {', '.join(REASONS)}"]})
        self.world.report(review, reason, self.world.now())
        self._wrote("report", review, reason=reason, text=body.get("text"))
        return ok({"status": "sent"})

    async def comments(self, request: Request) -> Response:
        """GET /reviews/{id}/comments."""
        return listed(self._review(request, write=False).comments, parameters(request).page())

    async def add_comment(self, request: Request) -> Response:
        """POST /reviews/{id}/comments: 201."""
        review, text = self._review(request), await _text(request)
        comment = {
            "id": review.id * 10 + len(review.comments),
            "author": "Компания",
            "text": text,
            "created_at": self._moment(),
            "is_owner": True,
        }
        review.comments.append(comment)
        self.world.tell("comments", review)
        self._wrote("add_comment", review, text=text)
        return ok(comment, 201)

    async def conversations(self, request: Request) -> Response:
        """GET /conversations."""
        self.token(request)
        return listed([{"uuid": CHAT, "created_at": self._moment()}], parameters(request).page())

    async def messages(self, request: Request) -> Response:
        """GET /conversations/{uuid}/messages."""
        self.token(request)
        self._chat(request)
        return listed(self._messages, parameters(request).page())

    async def send_message(self, request: Request) -> Response:
        """POST /conversations/{uuid}/messages: 201."""
        self.token(request, write=True)
        self._chat(request)
        message = {"id": len(self._messages) + 1, "text": await _text(request), "is_owner": True}
        self._messages.append(message)
        self._traffic.wrote("send_message", stream="conversations", source_id=CHAT, text=message["text"])
        return ok(message, 201)

    async def webhooks(self, request: Request) -> Response:
        """GET /webhooks."""
        self.token(request)
        return listed(list(self.world.hooks.values()), parameters(request).page())

    async def create_webhook(self, request: Request) -> Response:
        """POST /webhooks: 201."""
        self.token(request, write=True)
        name = str(uuid.UUID(int=(0x0B0D6C1E << 96) + len(self.world.hooks) + 1))
        hook = self.world.hooks[name] = {"uuid": name, **_hook(await body_of(request)), "created_at": self._moment()}
        self._traffic.wrote("create_webhook", stream="webhooks", source_id=name)
        return ok(hook, 201)

    async def replace_webhook(self, request: Request) -> Response:
        """PUT /webhooks/{uuid}."""
        self.token(request, write=True)
        hook = self._webhook(request)
        hook |= _hook(await body_of(request))
        self._traffic.wrote("replace_webhook", stream="webhooks", source_id=hook["uuid"])
        return ok(hook)

    async def delete_webhook(self, request: Request) -> Response:
        """DELETE /webhooks/{uuid}: 204."""
        self.token(request, write=True)
        hook = self._webhook(request)
        del self.world.hooks[hook["uuid"]]
        self._traffic.wrote("delete_webhook", stream="webhooks", source_id=hook["uuid"])
        return Response(status_code=204)

    async def ask_by_mail(self, request: Request) -> Response:
        """POST /feedback-activator/review-email-requests: 202."""
        self.token(request, write=True)
        await body_of(request)
        self._traffic.wrote("ask_by_mail", stream="activator")
        return Response(status_code=202)

    def _answer(self, action: str, review: Review, text: str) -> dict[str, Any]:
        reply = self.world.answer(review, text, self.world.now(), by_client=True)
        self._wrote(action, review, text=text)
        return reply_json(reply, review.company.zone)

    def _review(self, request: Request, *, write: bool = True) -> Review:
        review = self.world.find(self.token(request, write=write), request.path_params["id"])
        if review is None:
            raise AnswerError(404, "Отзыв не найден")
        return review

    def _reply(self, review: Review) -> Reply:
        if review.reply is None:
            raise AnswerError(404, "Ответа нет")
        return review.reply

    def _webhook(self, request: Request) -> dict[str, Any]:
        try:
            return self.world.hooks[request.path_params["uuid"]]
        except KeyError:
            raise AnswerError(404, "Вебхук не найден") from None

    def _chat(self, request: Request) -> None:
        if request.path_params["uuid"] != CHAT:
            raise AnswerError(404, "Диалог не найден")

    def _wrote(self, action: str, review: Review, **what: Any) -> None:
        self._traffic.wrote(action, stream="reviews", source_id=str(review.id), **what)

    def _moment(self) -> str:
        return self.world.now().astimezone(MOSCOW).isoformat(timespec="seconds")


async def _text(request: Request) -> str:
    text = (await body_of(request)).get("text")
    if not isinstance(text, str) or not text.strip():
        raise AnswerError(422, "Текст обязателен", {"text": ["Поле обязательно"]})
    return text


def _hook(body: dict[str, Any]) -> dict[str, Any]:
    url, events = body.get("url"), body.get("events")
    try:
        require_loopback(url if isinstance(url, str) else "")
    except ValueError as error:  # the real one takes any address; a sandbox calls nobody else's
        raise AnswerError(422, "Нужен адрес", {"url": [str(error)]}) from None
    if not isinstance(events, list) or not events or set(events) - set(EVENTS):
        raise AnswerError(422, "Неизвестное событие", {"events": [f"Среди: {', '.join(EVENTS)}"]})
    return {"url": url, "events": events}
