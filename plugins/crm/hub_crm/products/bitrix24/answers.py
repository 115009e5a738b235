"""What all writes to Bitrix24 share: the case in BBCode, and the portal's refusals in its own words."""

from typing import Any

from hub.sdk import DeliveryError, Response
from hub_crm import words
from hub_crm.bbcode import escaped, link, quoted
from hub_crm.products.bitrix24.calls import result, why


def description(written: words.Written, marker: str) -> str:
    """Return a new case in BBCode; its last line is the marker."""
    lines = [f"[B]{escaped(mark)}[/B]" for mark in written.marks]
    lines += [f"{escaped(who)}\n{quoted(said)}" for who, said in written.quotes]
    if written.source:
        lines.append(f"{written.source[0]}: {link(written.source[1], written.source[1])}")
    return "\n".join([*lines, marker])


def news(heading: str, quotes: tuple[tuple[str, str], ...], marker: str) -> str:
    """Return what is new in BBCode; its last line is the marker."""
    return "\n".join(
        [f"[B]{escaped(heading)}[/B]", *(f"{escaped(who)}\n{quoted(said)}" for who, said in quotes), marker]
    )


def good(response: Response | None, what: str) -> Any:
    """Return the result of a call that went well.

    Raises:
        DeliveryError: Bitrix24 refused; in its own words.
    """
    assert response is not None  # noqa: S101 - a request is always answered
    if response.status >= 400:
        said = why(response.json()) if response.content.lstrip()[:1] == b"{" else response.text[:200]
        raise DeliveryError(f"Bitrix24 refuses {what}: {response.status} {said}")
    return result(response)
