"""The desk behind real HTTP on loopback. It counts what was made, and fails as it is told.

Its search lags behind (``index_s``), like those of Jira and HubSpot; a comment can be read at once.
"""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

Fault = Literal["lost", "late", "error", "busy", "refused", "locked"]
"""Done but not answered; done, then 500; 500 and not done; 429; 400; 401."""

KEY = "desk-key-0001"


@dataclass
class Case:
    """One case of the desk."""

    id: str
    marker: str
    text: str
    department: str | None
    made_at: float
    seq: int = 0
    state: str = "todo"
    assignee: str | None = None
    priority: str | None = None
    group: str | None = None
    kind: str | None = None
    tags: list[str] = field(default_factory=list)
    rating: int | None = None
    merged_into: str | None = None
    summary: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "made_at"}


class Desk:
    """What the desk holds, and its API without the network."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, index_s: float = 0.0) -> None:
        self.clock = clock
        self.index_s = index_s
        self.cases: dict[str, Case] = {}
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None  # of every write
        self.down = False
        self.asked: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        self.changed: list[tuple[str, dict[str, Any]]] = []  # what the API changed, in order
        self._seq = self._made = 0

    # --- for tests ----------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Be as after a backup of the empty desk was restored: ids are given once more."""
        self.cases.clear()
        self._made = 0

    def by_marker(self) -> Counter[str]:
        """How many cases have each marker."""
        return Counter(case.marker for case in self.cases.values())

    def change(self, case_id: str, **facts: Any) -> None:
        """Let a person at the desk change a case."""
        with self.lock:
            vars(self.cases[case_id]).update(facts)
            self._touch(self.cases[case_id])

    def say(self, case_id: str, text: str, direction: str = "note") -> str:
        """Let a person at the desk write a note, a public answer (out), or down what the customer says (in)."""
        with self.lock:
            return self._comment(self.cases[case_id], text, "", direction)

    def delete(self, case_id: str) -> None:
        """Let a person at the desk delete a case."""
        with self.lock:
            del self.cases[case_id]

    def answer_customer(self, case_id: str, text: str) -> None:
        """Let a person at the desk answer the customer, or put other words into the last answer."""
        with self.lock:
            case = self.cases[case_id]
            last = next((one for one in case.comments if one["direction"] == "out"), None)
            if last is None:
                self._comment(case, text, "", "out")
            else:
                last["text"] = text
                self._touch(case)

    # --- the API ------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Return status and body; status 0: the connection breaks off."""
        with self.lock:
            parts = urlsplit(path)
            self.asked.append((method, parts.path))
            if self.down:
                return 503, {"error": "down"}
            fault = (self.faults.popleft() if self.faults else None) or (self.always if method == "POST" else None)
            told: dict[Fault, tuple[int, Any]] = {
                "error": (500, {"error": "out of order"}),
                "busy": (429, {"error": "slow down"}),
                "refused": (400, {"error": "the field Project is required"}),
                "locked": (401, {"error": "unknown key"}),
            }
            if fault in told:
                return told[fault]
            done = self._do(method, parts.path.strip("/").split("/"), parse_qs(parts.query), body)
            return (0, None) if fault == "lost" else (500, {"error": "late"}) if fault == "late" else done

    def _do(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        match method, path:
            case "POST", ["cases"]:
                return 201, {"id": self._create(body).id}
            case "GET", ["cases"]:
                seen = self.clock() - self.index_s
                found = [c for c in self.cases.values() if c.marker == query["marker"][0] and c.made_at <= seen]
                return 200, {"cases": [case.shown() for case in found]}
            case "POST", ["cases", case_id, "comments"] if case_id in self.cases:
                return 201, {"id": self._comment(self.cases[case_id], body["text"], body["marker"])}
            case "GET", ["cases", case_id] if case_id in self.cases:
                return 200, self.cases[case_id].shown()
            case "POST", ["cases", case_id, "state"] if case_id in self.cases:
                self.cases[case_id].state = body["state"]
                self._touch(self.cases[case_id])
                return 200, {}
            case "POST", ["cases", case_id, "fields"] if case_id in self.cases:
                self.changed.append((case_id, body))
                vars(self.cases[case_id]).update(body)
                self._touch(self.cases[case_id])
                return 200, {}
            case "GET", ["changes"]:
                after = int(query["after"][0])
                news = sorted((c for c in self.cases.values() if c.seq > after), key=lambda case: case.seq)
                return 200, {"cases": [case.shown() for case in news]}
            case "GET", ["ids"]:
                return 200, {"cases": list(self.cases)}
        return 404, {"error": "there is no such case"}

    def _create(self, body: Any) -> Case:
        self._made += 1
        case = Case(f"C-{self._made}", body["marker"], body["text"], body.get("department"), self.clock())
        vars(case).update(
            {name: body[name] for name in ("priority", "group", "kind", "tags", "summary") if name in body}
        )
        self.cases[case.id] = case
        self._touch(case)
        return case

    def _comment(self, case: Case, text: str, marker: str, direction: str = "note") -> str:
        ident = f"{case.id}-{len(case.comments) + 1}"
        case.comments.append({"id": ident, "text": text, "marker": marker, "direction": direction})
        self._touch(case)
        return ident

    def _touch(self, case: Case) -> None:
        self._seq += 1
        case.seq = self._seq


class Served:
    """The desk on a port of its own, until the block ends."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        handler = type("Handler", (_Handler,), {"desk": desk})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that were killed."""


class _Handler(BaseHTTPRequestHandler):
    desk: Desk
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        if self.headers.get("authorization") != f"Bearer {KEY}":
            status, answer = 401, {"error": "unknown key"}
        else:
            status, answer = self.desk.answer(self.command, self.path, body)
        if status == 0:
            self.close_connection = True
            return
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = _serve  # noqa: N815 - the names are those of http.server
    do_POST = _serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""
