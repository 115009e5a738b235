"""Reading: reference data, reviews, bulk exports (sheet, sections 3 to 6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import AnswerError, Handlers, listed, ok, parameters
from .data import TAGS
from .model import MOSCOW, Company, Review, Token
from .query import Parameters, filters
from .render import company_json, network_json, plain_review, ratings_of, review_bytes

MAX_DAYS = 31
MAX_EXPORT_UUIDS = 50
DAY = timedelta(days=1)
METRICS = ("review_views_count", "call_clicks_count", "website_clicks_count", "total_actions_count")


class Reads(Handlers):
    """GET handlers."""

    _exported: dict[tuple[str, str], datetime]

    def routes(self) -> list[Route]:
        """Every reading operation."""
        self._exported = {}
        return [
            Route("/providers", self.providers),
            Route("/networks", self.networks),
            Route("/networks/{uuid}/ratings", self.network_ratings),
            Route("/networks/{uuid}/tags", self.network_tags),
            Route("/networks/{uuid}/traffic/{provider:int}", self.traffic),
            Route("/networks/{uuid}/competitors", self.competitors),
            Route("/companies", self.companies),
            Route("/companies/{uuid}/ratings", self.company_ratings),
            Route("/reviews", self.reviews),
            Route("/export/json/companies", self.export_companies),
            Route("/export/json/companies/ratings", self.export_ratings),
            Route("/export/json/reviews", self.export_reviews),
        ]

    async def providers(self, request: Request) -> Response:
        """GET /providers: an open list, without `meta`."""
        self.token(request)
        named = self.world.providers.items()
        return ok({"items": [{"id": number, "name": ru, "name_en": en} for number, (ru, en) in named]})

    async def networks(self, request: Request) -> Response:
        """GET /networks."""
        token, params = self.token(request), parameters(request)
        rated = params.flag("with_ratings")
        rows = [network_json(uuid, self._of_network(uuid) if rated else None) for uuid in self._networks(token)]
        return listed(rows, params.page())

    async def network_ratings(self, request: Request) -> Response:
        """GET /networks/{uuid}/ratings."""
        return ok({"items": self._of_network(self.network(request, request.path_params["uuid"]))})

    async def network_tags(self, request: Request) -> Response:
        """GET /networks/{uuid}/tags."""
        self.network(request, request.path_params["uuid"])
        return listed(TAGS, parameters(request).page())

    async def traffic(self, request: Request) -> Response:
        """GET /networks/{uuid}/traffic/{provider_id}: zeros for each day asked for."""
        self.network(request, request.path_params["uuid"])
        params, today = parameters(request), self._today()
        first, last = params.day("date_from") or today - 365 * DAY, params.day("date_to") or today
        days = (first + n * DAY for n in range(max(0, (last - first).days + 1)))
        return ok({"items": [{"date": day.isoformat(), **dict.fromkeys(METRICS, 0)} for day in days]})

    async def competitors(self, request: Request) -> Response:
        """GET /networks/{uuid}/competitors: a paid option that these networks lack."""
        self.network(request, request.path_params["uuid"])
        raise AnswerError(403, "Опция не подключена")

    async def companies(self, request: Request) -> Response:
        """GET /companies: without the network."""
        token, params = self.token(request), parameters(request)
        for uuid in params.many("network_uuid"):
            self.network(request, uuid)
        found = [company for company in self._companies(token) if self._matches(company, params)]
        info, rated = bool(params.flag("with_info")), params.flag("with_ratings")
        rows = [company_json(company, self._of_company(company) if rated else None, info=info) for company in found]
        return listed(rows, params.page())

    async def company_ratings(self, request: Request) -> Response:
        """GET /companies/{uuid}/ratings: one row a day, at most 31 days."""
        company = self._company(self.token(request), request.path_params["uuid"])
        params, today = parameters(request), self._today()
        last = params.day("date_to") or today
        first = params.day("date_from") or last - 30 * DAY
        if (last - first).days >= MAX_DAYS:
            raise AnswerError(422, "Период не должен превышать 31 день", {"date_to": ["Не более 31 дня"]})
        reviews = self._reviews_of(company)
        days = [first + n * DAY for n in range((last - first).days + 1)]
        return ok({"items": [{"date": day.isoformat(), "ratings": _undated(ratings_of(reviews, day))} for day in days]})

    async def reviews(self, request: Request) -> Response:
        """GET /reviews."""
        token, params = self.token(request), parameters(request)
        for uuid in params.many("network_uuids"):
            self.network(request, uuid)
        for uuid in params.many("company_uuids"):
            self._company(token, uuid)
        page = params.page()
        self.world.churn()
        found = self._found(token, params)
        tags, smart_tags = bool(params.flag("with_tags")), bool(params.flag("with_smart_tags"))
        rows = found[page.offset : page.offset + page.limit]
        sent = b",".join(review_bytes(review, tags=tags, smart_tags=smart_tags) for review in rows)
        meta = b'"meta":{"total":%d,"limit":%d,"offset":%d}' % (len(found), page.limit, page.offset)
        return Response(b'{"items":[' + sent + b"]," + meta + b"}", media_type="application/json")

    async def export_companies(self, request: Request) -> Response:
        """GET /export/json/companies: once a day."""
        token = self._once_a_day(request)
        return ok({"items": [company_json(company, None, info=True) for company in self._companies(token)]})

    async def export_ratings(self, request: Request) -> Response:
        """GET /export/json/companies/ratings: once a day, at most 50 outlets."""
        uuids = parameters(request).many("company_uuids")
        if len(uuids) > MAX_EXPORT_UUIDS:
            raise AnswerError(422, "Не более 50 филиалов", {"company_uuids": ["Не более 50"]})
        token = self.token(request)
        companies = [self._company(token, uuid) for uuid in uuids] or self._companies(token)
        self._once_a_day(request)
        return ok({"items": [{"uuid": each.uuid, "ratings": self._of_company(each)} for each in companies]})

    async def export_reviews(self, request: Request) -> Response:
        """GET /export/json/reviews: everything that matches, in one answer."""
        token, params = self.token(request), parameters(request)
        wanted = params.many("additional_fields")
        return ok({"items": [plain_review(review, wanted) for review in self._found(token, params)]})

    def _found(self, token: Token, params: Parameters) -> list[Review]:
        kept = filters(params, self.world.options.bounds)
        return [review for review in self.world.visible(token) if all(keep(review) for keep in kept)]

    def _once_a_day(self, request: Request) -> Token:
        token, now = self.token(request), self.world.now()
        last = self._exported.get((token.name, request.url.path))
        if last is not None and now - last < DAY:
            raise AnswerError(429, "Метод доступен один раз в сутки")
        self._exported[token.name, request.url.path] = now
        return token

    def _networks(self, token: Token) -> list[str]:
        seen = dict.fromkeys(company.network for company in self.world.companies.values())
        return [uuid for uuid in seen if self.world.sees(token, uuid)]

    def _companies(self, token: Token) -> list[Company]:
        return [each for each in self.world.companies.values() if self.world.sees(token, each.network)]

    def _company(self, token: Token, uuid: str) -> Company:
        company = self.world.companies.get(uuid)
        if company is None or not self.world.sees(token, company.network):
            raise AnswerError(404, "Филиал не найден")
        return company

    def _matches(self, company: Company, params: Parameters) -> bool:
        networks, xml_ids = params.many("network_uuid"), params.many("yandex_xml_ids")
        words = (params.one("q") or "").casefold()
        return (
            (not networks or company.network in networks)
            and (not xml_ids or f"x{company.number}" in xml_ids)
            and words in company.name.casefold()
        )

    def _reviews_of(self, company: Company) -> list[Review]:
        return [review for review in self.world.reviews if review.company is company and not review.deleted]

    def _of_company(self, company: Company) -> list[dict[str, Any]]:
        return ratings_of(self._reviews_of(company), self._today())

    def _of_network(self, uuid: str) -> list[dict[str, Any]]:
        reviews = [review for review in self.world.reviews if review.company.network == uuid and not review.deleted]
        return ratings_of(reviews, self._today())

    def _today(self) -> date:
        return self.world.now().astimezone(MOSCOW).date()


def _undated(ratings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "date"} for row in ratings]
