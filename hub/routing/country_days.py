"""Public holidays and moved working days of countries: the one home of the library ``holidays``."""

from datetime import date
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from hub.sdk.nearest import did_you_mean, listed


class CountryDays(NamedTuple):
    """What countries say of some years.

    Attributes:
        off: public holidays, moved days off included.
        working: days of a weekend that were made working days, as Russia does.
    """

    off: frozenset[date]
    working: frozenset[date]


def checked_country(code: str) -> str:
    """Return *code*, such as ``RU`` or ``DE-BY``, with the country in capitals.

    Raises:
        ValueError: the library does not know the country or its part.
    """
    from holidays import list_supported_countries

    country, _, part = code.partition("-")
    country, known = country.strip().upper(), list_supported_countries()
    if country not in known:
        raise ValueError(
            f"{code!r} is not a country whose holidays are known; write a code of ISO 3166, such as RU, KZ or DE-BY"
            + did_you_mean(country, known)
        )
    if part and part not in known[country]:
        parts = f"write {country}, or with one of {listed(known[country])}" if known[country] else f"write {country}"
        raise ValueError(
            f"{code!r}: {country}-{part} has no holidays of its own that are known; {parts}, and other days into `days`"
        )
    return f"{country}-{part}" if part else country


def country_days(codes: tuple[str, ...], first: int, last: int) -> CountryDays:
    """Return the days of *codes* in the years from *first* to *last*; nothing for years that the library does not know.

    A day that one country keeps and another works on is a holiday.
    """
    from holidays import country_holidays

    off: set[date] = set()
    working: set[date] = set()
    for code in codes:
        country, _, part = code.partition("-")
        found = country_holidays(country, subdiv=part or None, years=range(first, last + 1), expand=False)
        off.update(found)
        working.update(found.weekend_workdays)
    return CountryDays(frozenset(off), frozenset(working - off))


Country = Annotated[str, AfterValidator(checked_country)]
"""A country, or a part of one: ``RU``, ``DE-BY``."""
