"""Public holidays and moved working days of countries: the one home of the library ``holidays``."""

from datetime import date
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from hub.sdk.nearest import listed, nearest


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
    from holidays.registry import COUNTRIES

    country, _, part = code.partition("-")
    country = country.strip().upper()
    if country not in {codes[1] for codes in COUNTRIES.values()}:
        # "new_zealand": (name of its class, "NZ", "NZL")
        names = {name: codes[1] for place, codes in COUNTRIES.items() for name in (place, *codes[1:])}
        near = nearest(code.replace(" ", "_"), names)
        hint = f'did you mean "{names[near]}"?' if near else "write a code of ISO 3166, such as RU, KZ or DE-BY"
        raise ValueError(f"{code!r} is not a country whose holidays are known; {hint}")
    if part:
        _check_part(country, part)
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


def _check_part(country: str, part: str) -> None:
    from holidays import list_supported_countries

    parts = list_supported_countries()[country]  # this loads all of them
    if part not in parts:
        choice = f"write {country}, or with one of {listed(parts)}" if parts else f"write {country}"
        raise ValueError(
            f"{country}-{part} has no holidays of its own that are known; {choice}, and other days into `days`"
        )


Country = Annotated[str, AfterValidator(checked_country)]
"""A country, or a part of one: ``RU``, ``DE-BY``."""
