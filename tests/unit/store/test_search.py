"""What a person types is found however it is written, and nothing a person types breaks the search."""

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.store import Store, TicketFilter, queries, search
from tests.unit.store.pages import hide, index_all, mention, new_store, put, rows

FTS_SIGNS = "\"'*^()[]{}:+-–.,;!?~|&/\\@#$%_=<> \t\n\0"


def found(store: Store, words: str) -> list[str]:
    return sorted(line.text for line in store.list_tickets(TicketFilter(text=words)))


@pytest.fixture
def filled(store: Store) -> Store:
    texts = (
        "Ещё одна ёлка",
        "За\u0301мок на двери",
        "мо\u200bшен\u00adник",
        "Карта не работает, карточка пришла",
        "the map is WRONG",
        "Cafe\u0301 Ünïcode",
        "Straße 5",
        "a_b-c d.e@f",
    )
    put(store, *(mention(str(number), body=text) for number, text in enumerate(texts)))
    put(store, mention("titled", body="body only", title="Заголовок отзыва"))
    index_all(store)
    return store


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("ЕЩЁ", "Ещё одна ёлка"),
        ("еще елка", "Ещё одна ёлка"),
        ("елка ещё", "Ещё одна ёлка"),
        ("замок", "За\u0301мок на двери"),
        ("за\u0301мок", "За\u0301мок на двери"),
        ("мошенник", "мо\u200bшен\u00adник"),
        ("мошен\u200bник", "мо\u200bшен\u00adник"),
        ("wrong MAP", "the map is WRONG"),
        ("карт*", "Карта не работает, карточка пришла"),
        ("КАРТОЧ*", "Карта не работает, карточка пришла"),
        ('"карта не работает"', "Карта не работает, карточка пришла"),
        ('"не работает" карточка', "Карта не работает, карточка пришла"),
        ("café", "Cafe\u0301 Ünïcode"),
        ("cafe unicode", "Cafe\u0301 Ünïcode"),
        ("STRASSE", "Straße 5"),
        ("a_b", "a_b-c d.e@f"),
        ("d.e@f", "a_b-c d.e@f"),
        ("заголовок", "body only"),
        ("отзыва only", "body only"),
        ('"отзыва body"', "body only"),
    ],
)
def test_a_text_is_found_however_it_is_typed(filled: Store, words: str, text: str) -> None:
    assert found(filled, words) == [text]


@pytest.mark.parametrize("words", ["карт", '"работает не"', "ёлки", "map карта", '""', "*", "()", "  ", "заголов"])
def test_what_is_not_there_is_not_found(filled: Store, words: str) -> None:
    assert found(filled, words) == []


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("word", ["ёжик", "йод", "café", "Ünï"])
def test_composed_and_decomposed_letters_find_each_other(store: Store, form: str, word: str) -> None:
    put(store, mention("1", body=unicodedata.normalize("NFD", word)), mention("2", body=word))
    index_all(store)
    assert len(found(store, unicodedata.normalize(form, word))) == 2  # type: ignore[arg-type]  # a form, from a list


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("search")) as store:
        put(store, mention("1", body="foo AND bar NEAR baz"))
        index_all(store)
        yield store


@given(st.one_of(st.text(), st.text(alphabet=FTS_SIGNS + "aя"), st.text(st.characters(exclude_categories=()))))
@settings(max_examples=300)
def test_nothing_that_is_typed_breaks_the_search(stocked: Store, words: str) -> None:
    wanted = TicketFilter(text=words)
    listed = stocked.list_tickets(wanted)
    assert len(list(stocked.iter_tickets(wanted))) in (len(listed), 1 if not words else len(listed))


@pytest.mark.parametrize(
    "words", ["AND", "OR", "NOT", "foo AND", "NEAR(foo bar)", "text:foo", "-bar", '"foo', "foo*bar"]
)
def test_the_words_of_the_query_language_are_words(stocked: Store, words: str) -> None:
    stocked.list_tickets(TicketFilter(text=words))
    assert search.match_query(words)


@given(st.text(alphabet="абвгдеёжзийкѓќѝ\u0300\u0301\u0306\u0308\u200b"))
@settings(max_examples=100)
def test_case_composition_and_stress_make_no_difference(word: str) -> None:
    forms = (word, word.upper(), unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word))
    assert len({search.fold(form) for form in forms}) == 1


def test_the_index_follows_in_batches_and_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_BATCH", 4)
    put(store, *(mention(str(number), body="needle") for number in range(10)))
    assert (found(store, "needle"), store.summary().unindexed) == ([], 10)
    assert list(iter(store.index_batch, 0)) == [4, 4, 2]
    assert (len(found(store, "needle")), store.summary().unindexed) == (10, 0)


def test_updated_text_is_found_by_its_new_words_only(store: Store) -> None:
    put(store, mention("1", body="before", title="heading"))
    index_all(store)
    put(store, mention("1", body="after", title="caption"))
    assert [bool(found(store, word)) for word in ("before", "heading", "after", "caption")] == [
        False,
        False,
        True,
        True,
    ]


def test_an_edit_before_the_index_has_followed_up_is_found_by_its_new_words_only(store: Store) -> None:
    put(store, mention("1", body="before"))
    put(store, mention("1", body="after"))
    index_all(store)
    assert (found(store, "before"), found(store, "after")) == ([], ["after"])


def test_a_title_moves_with_the_opening_message(store: Store) -> None:
    put(store, mention("2", thread="t", minutes=5, title="late"))
    index_all(store)
    put(store, mention("1", thread="t", minutes=1, title="early"))
    index_all(store)
    assert (found(store, "late"), len(found(store, "early"))) == ([], 1)


def test_hidden_texts_stay_found_and_the_index_is_sound_after_many_changes(store: Store) -> None:
    for number in range(40):
        put(store, mention(str(number % 7), thread=str(number % 3), body=f"word{number}", title=f"title{number}"))
        if number % 5 == 0:
            index_all(store)
    put(store, hide("4"))
    index_all(store)
    assert found(store, "word39") and found(store, "title39")
    assert not any(found(store, f"word{number}") for number in range(33))
    assert rows(store, "SELECT count(*) FROM messages") == [(7,)]


def test_a_search_finds_the_older_ones_too_when_the_newest_matches_are_filtered_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_CANDIDATES", 3)
    put(store, mention("old", body="needle", rating=1))
    put(store, *(mention(str(number), body="needle", rating=5, minutes=number) for number in range(10)))
    index_all(store)
    wanted = TicketFilter(text="needle", rating=(1.0,))
    assert len(store.list_tickets(wanted)) == 1
    assert len(store.list_tickets(TicketFilter(text="needle"), limit=50)) == 11
    assert store.count_by(wanted, "rating") == [(1.0, 1)]
