"""Any text and any pattern: nothing raises, nothing hangs, and what hides a word does not hide it."""

import random

from hypothesis import given
from hypothesis import strategies as st

from hub.routing.folding import MAX_READINGS, readings
from hub.routing.matcher import Matcher, near_misses
from hub.routing.pattern import PatternError, parse_pattern
from hub.routing.typos import one_edit, within
from hub.routing.words import spans, split
from tests.quality.robustness import capitals, lookalikes, stress, stretched, yo, zero_width

WORDS = "мошенник украсть деньги карта банк заблокировать ёлка не снять transfer stolen счёт приложение".split()
ODD = "абвёй іїқ abcXYZ 0346 *@$€~!=«»\"' \u0301\u200b\u00ad\u0308 №½ﬁ ．ａ𝐛 😀🇷🇺 \n\t-_./|\\()[]{}?+^"
text = st.text(alphabet=ODD) | st.text() | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
pattern = (
    st.text(alphabet=ODD, max_size=30)
    | st.lists(st.sampled_from([*WORDS, "!не", "=карта", "мошенн*", "слово~"]), min_size=1, max_size=4).map(" ".join)
    | st.text(alphabet="re:абc\\wbds[]()|*+?{}1,^$", max_size=20).map(lambda rest: f"re:{rest}")
)
KNOWN = Matcher([parse_pattern(word) for word in WORDS] + [parse_pattern("украсть деньги"), parse_pattern("!не снять")])


@given(st.lists(pattern, max_size=4), st.lists(text, max_size=3))
def test_any_pattern_reads_any_text_or_is_refused(sources: list[str], parts: list[str]) -> None:
    patterns = []
    for source in sources:
        try:
            patterns.append(parse_pattern(source))
        except PatternError as refused:
            assert str(refused)
    reading = Matcher(patterns).read(parts)
    for index, parsed in enumerate(patterns):
        found = reading.spans(index)
        for span in found:
            assert parts[span.part][span.start : span.end] == span.text
        if parsed.regex is None:
            assert bool(found) == (index in reading.hits)
            assert reading.title_has(index) == any(span.part == 0 for span in found)
            assert not (found and near_misses(parsed, reading))
    told = reading.features
    shares = (told.mixed_script, told.capitals)
    assert all(0 <= share <= 1 for share in shares)
    assert told.obscene in (True, False)


@given(text)
def test_the_words_of_a_text_are_those_of_its_spans(written: str) -> None:
    assert [raw for _, _, raw in spans(written)] == split(written)
    for start, end, raw in spans(written):
        assert written[start:end] == raw
        assert 1 <= len(readings(raw)) <= MAX_READINGS


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_what_hides_a_word_does_not_hide_it(words: list[str], chance: random.Random) -> None:
    written = " ".join(words)
    before = set(KNOWN.read(["", written]).hits)
    for disguise in (lookalikes, yo, zero_width, stress, capitals, stretched):
        assert set(KNOWN.read(["", disguise(written, chance)]).hits) == before, disguise.__name__


@given(st.text(alphabet="абв", max_size=7), st.text(alphabet="абв", max_size=7))
def test_one_edit_is_a_distance_of_at_most_one(first: str, second: str) -> None:
    assert one_edit(first, second) == within(first, second, 1) == one_edit(second, first)


@given(
    st.lists(st.sampled_from(["а", "б"]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["а", "б", "в"]), max_size=9),
)
def test_a_phrase_is_found_as_by_brute_force(words: list[str], written: list[str]) -> None:
    places = {place for place, word in enumerate(written) if word == words[0]}
    for word in words[1:]:
        places = {
            later
            for place in places
            for later in range(place + 1, min(place + 4, len(written)))
            if written[later] == word
        }
    joined = " ".join(f"{word}1" for word in written)  # a digit keeps single letters from being read as one word
    matcher = Matcher([parse_pattern(" ".join(f"={word}1" for word in words))])
    assert bool(matcher.read(["", joined]).hits) == bool(places)
