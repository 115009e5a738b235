"""Whatever way a card, an account or a phone is written, no public answer holds it."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from hub.routing.private import private_numbers

SEPARATORS = ("", " ", "-", ".", "\u00a0", "\u2009", " - ", "/", "\u200b", "_", "\n", ", ", " (", "*")
SCRIPTS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩")
AROUND = st.sampled_from(("", "Ваша карта ", "№", "5 из 5. ", "(", "карта:"))


def _check_digit(digits: str) -> str:
    """Return the digit that makes *digits* pass Luhn's test, worked out from its definition."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


@st.composite
def _spaced(draw: st.DrawFn, digits: str) -> str:
    """Write *digits* with anything between any two of them, in any script."""
    script = draw(st.sampled_from(SCRIPTS))
    separators = draw(st.lists(st.sampled_from(SEPARATORS), min_size=len(digits), max_size=len(digits)))
    return "".join(script[int(digit)] + gap for digit, gap in zip(digits, separators, strict=True))


@given(st.data())
def test_no_number_with_a_cards_check_digit_passes_in_any_spacing(data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789", min_size=12, max_size=18))
    card = digits + _check_digit(digits)
    text = data.draw(AROUND) + data.draw(_spaced(card)) + " спасибо"
    assert private_numbers(text), text


@given(st.data())
def test_no_account_number_passes_in_any_spacing(data: st.DataObject) -> None:
    account = data.draw(st.text("0123456789", min_size=20, max_size=20))
    text = f"Счёт {data.draw(_spaced(account))}"
    assert private_numbers(text), text


PHONES = st.one_of(
    st.from_regex(r"(\+7|8|7|007)?9[0-9]{9}", fullmatch=True),
    st.from_regex(r"(\+7|8|7)?[348][0-9]{9}", fullmatch=True),
    st.from_regex(r"\+?(375|380|998|996)[0-9]{9}", fullmatch=True),
)
DATE = re.compile(r"\d\.\d{1,2}\.(19|20)\d\d|(19|20)\d\d-\d\d-\d\d")


@given(st.data())
def test_no_phone_passes_in_any_spacing(data: st.DataObject) -> None:
    phone = data.draw(PHONES)
    plus, digits = ("+", phone[1:]) if phone.startswith("+") else ("", phone)
    written = plus + data.draw(_spaced(digits))
    assume(not DATE.search(written))  # a house and a date are no phone
    assert private_numbers(f"{data.draw(AROUND)}{written} спасибо"), written


@given(st.text())
def test_any_text_is_looked_through(text: str) -> None:
    for found in private_numbers(text):
        assert 0 <= found.at < len(text)
        assert "*" in found.masked
