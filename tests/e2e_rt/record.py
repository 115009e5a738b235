"""Record the pages of ``plugins/rt/tests/pages`` anew from a real RT: ``python -m tests.e2e_rt.record``.

A small world is made by the connector and by people of the tests, then read as the contract's tests read it. What is
particular to the run is replaced: the address, and the day, which becomes the one that the tests take for the present.
RT gives custom fields in another order each time; they are sorted, so that the same ticket is the same record.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.sdk import Read, Request, Response
from hub.testing import NOW, walk, wire_params
from hub_rt.connector import RequestTracker
from tests.e2e_rt.instance import client, running
from tests.e2e_rt.site import Site, message

PAGES = Path(__file__).parents[2] / "plugins" / "rt" / "tests" / "pages"
ADDRESS = "https://rt.example.com"
MARKERS = "hub-00000000000000000000000"
SETTINGS: dict[str, Any] = {"page_size": 2, "map": {"queue": {"claims": "Claims"}}}


def main() -> None:
    """Make the world, read it, write what was read."""
    with running() as rt, client() as http:
        site = Site(rt, http)
        connector = site.connector(**SETTINGS)
        ids = _world(site, connector)
        present = max(_stamps(site, ids)) + timedelta(seconds=1)
        site.log.clear()
        _read(site, connector, ids, present)
        _write(site, present)


def _world(site: Site, connector: RequestTracker) -> list[str]:
    """Make the tickets; return their ids."""
    ids = [site.made(connector, marker=f"{MARKERS}{number}")[0] for number in range(5)]
    answered, told, merged, deleted, rejected = ids
    site.drive(connector, site.later(told, effect="comment", messages=(message(2, "Ау?"),), marker=f"{MARKERS}a"))
    with site.rt.person("olga") as olga:
        html = {"Content": "<p>Анна, <b>деньги</b> вернули</p>", "ContentType": "text/html"}
        olga.put(f"/ticket/{answered}", json={"Owner": "olga", "CustomFields": {"Answer Rating": "5"}})
        olga.post(f"/ticket/{answered}/correspond", json=html)
        olga.put(f"/ticket/{answered}", json={"Status": "resolved"})
        olga.post(f"/ticket/{told}/comment", json={"Content": "ждём банк", "ContentType": "text/plain"})
        olga.put(f"/ticket/{told}", json={"Status": "stalled", "Priority": 95})
        olga.put(f"/ticket/{merged}", json={"MergeInto": told})
        olga.put(f"/ticket/{rejected}", json={"Status": "rejected"})
    with site.rt.person("root") as root:
        root.delete(f"/ticket/{deleted}")
    return ids


def _stamps(site: Site, ids: list[str]) -> Iterator[datetime]:
    for ident in ids:
        yield datetime.fromisoformat(site.ticket(ident)["LastUpdated"].replace("Z", "+00:00"))


def _read(site: Site, connector: RequestTracker, ids: list[str], present: datetime) -> None:
    """Read a poll and the next one as the contract does, then each of the cases on its own."""

    def send(request: Request) -> Response:
        return site.send(connector, request)

    steps = walk(connector, Read("tickets", "poll", present), send)
    cursor = [step.cursor for step in steps if step.cursor][-1]
    walk(connector, Read("tickets", "poll", present, cursor=cursor), send)  # the contract resumes there
    since = present - timedelta(days=2)
    walk(connector, Read("tickets", "sweep", present, name="cases", since=since, cases=[*ids, "999"]), send)


def _write(site: Site, present: datetime) -> None:
    """Write what was asked, with the present moved to the one of the tests."""
    for old in PAGES.glob("*.json"):
        old.unlink()
    PAGES.mkdir(exist_ok=True)
    for number, (request, response) in enumerate(site.log, 1):
        asked = {"method": request.method, "path": request.path, "params": wire_params(request.params)}
        told = {
            "request": asked | ({"json": request.json} if request.json is not None else {}),
            "status": response.status,
            "headers": {"content-type": response.headers["content-type"]},
            "body": _sorted(response.json()),
        }
        text = _moved(json.dumps(told, ensure_ascii=False, indent=1), present).replace(site.rt.url, ADDRESS)
        name = request.path.removeprefix("/REST/2.0/").replace("/", "-")
        (PAGES / f"{number:02}-{name}.json").write_text(text + "\n", encoding="utf-8")


def _sorted(body: Any) -> Any:
    """Return *body* with the custom fields of its tickets by id."""
    for one in [body, *body.get("items", ())]:
        if "CustomFields" in one:
            one["CustomFields"] = sorted(one["CustomFields"], key=lambda field: int(field["id"]))
    return body


def _moved(text: str, present: datetime) -> str:
    """Return *text* with its times moved by as much as the present is away from that of the tests."""
    away = NOW - present

    def moved(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[0])
        return found[0] if at.year == 1970 else f"{at + away:%Y-%m-%d{found[1]}%H:%M:%S}"

    return re.sub(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d", moved, text)


if __name__ == "__main__":
    main()
