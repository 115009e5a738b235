"""Speed of text matching, as a ratio to a plain loop over `in` in the same run: ``python -m tests.benchmark.matching``.

The texts are real where the corpora are, else made up; each rule has five conditions drawn from words of the texts.
Exits with 1 when a promise is broken.
"""

import random
import re
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence

from hub.routing.matcher import Matcher
from hub.routing.pattern import parse_pattern
from tests.corpora import texts

_TEXTS = 10_000
_IN_TEXTS = 200  # the plain loop is slow, and a text more or less does not change it
_CONDITIONS = 5  # of a rule
_ROUNDS = 3  # the best of so many
_MIN_FASTER = {10: None, 100: 3.0, 1_000: 12.0, 10_000: 30.0}
_MAX_BUILD_S = 5.0
_MAX_BUILD_MIB = 100.0
_SETS = ("bank_reviews_ru", "map_reviews_ru", "spam_telegram", "news_telegram_ru", "tweets_bank_2013_2014")
_WORD = re.compile(r"[а-яё]{4,}", re.IGNORECASE)


def sample() -> list[str]:
    """Return 10,000 texts, the same in every run."""
    found = texts(*_SETS)[:_TEXTS]
    chance = random.Random(3)
    while len(found) < _TEXTS:
        found.append(_made_up(chance))
    chance.shuffle(found)
    return found


def _made_up(chance: random.Random) -> str:
    beginnings = "банк карт счет перевод мошенник деньг кредит вклад отделен оператор звон списан поддержк".split()
    endings = ["", "а", "у", "ом", "ами", "ов", "ы", "ение", "ный", "ского"]
    return " ".join(chance.choice(beginnings) + chance.choice(endings) for _ in range(50)) + "."


def conditions(sample: Sequence[str], count: int) -> list[str]:
    """Return *count* patterns: words, phrases of two, beginnings, exact forms, drawn from the texts."""
    chance = random.Random(count)
    words = sorted({word.lower() for text in sample for word in _WORD.findall(text)})
    pairs = [match for text in sample[::5] for match in re.findall(r"[а-яё]{4,} [а-яё]{4,}", text.lower())]
    made = []
    for _ in range(count):
        kind, word = chance.random(), chance.choice(words)
        if kind < 0.25:
            made.append(chance.choice(pairs))
        elif kind < 0.35:
            made.append(word[:5] + "*")
        else:
            made.append("=" + word if kind < 0.4 else word)
    return made


def _best(work: Callable[[], object]) -> float:
    costs = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        costs.append(time.process_time() - started)
    return min(costs)


def _plain(sample: Sequence[str], patterns: Sequence[str]) -> float:
    needles = [pattern.strip("=*") for pattern in patterns]

    def work() -> None:
        for text in sample[:_IN_TEXTS]:
            lowered = text.lower()
            [index for index, needle in enumerate(needles) if needle in lowered]

    return _best(work) / _IN_TEXTS


def _ours(sample: Sequence[str], matcher: Matcher) -> tuple[float, float]:
    """Return the cost of a text in the first pass over the texts, when every word is new, and in the next ones."""
    parts = [("", text) for text in sample]

    def work() -> None:
        for text in parts:
            matcher.read(text)

    started = time.process_time()
    work()
    return (time.process_time() - started) / len(sample), _best(work) / len(sample)


def _build(patterns: Sequence[str]) -> tuple[Matcher, float]:
    started = time.process_time()
    matcher = Matcher([parse_pattern(pattern) for pattern in patterns])
    return matcher, time.process_time() - started


def _build_mib(patterns: Sequence[str]) -> float:
    tracemalloc.start()
    kept = Matcher([parse_pattern(pattern) for pattern in patterns])
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return used / 2**20


def main() -> None:
    texts = sample()
    print(f"{len(texts)} texts of {sum(map(len, texts)) / len(texts):.0f} characters; {_CONDITIONS} conditions a rule")
    parse_pattern("карта")
    broken = False
    for rules, least in _MIN_FASTER.items():
        patterns = conditions(texts, rules * _CONDITIONS)
        matcher, build_s = _build(patterns)
        first, next_ = _ours(texts, matcher)
        plain = _plain(texts, patterns)
        kept = least is None or plain / next_ >= least
        broken |= not kept
        print(
            f"{'ok ' if kept else 'BAD'} {rules:6} rules: {next_ * 1e6:6.1f} µs a text "
            f"({first * 1e6:6.1f} while words are new), `in` {plain * 1e6:8.1f}: "
            f"{plain / next_:5.1f} times faster (>= {least or 0:g}); build {build_s:.2f} s"
        )
    mib = _build_mib(patterns)
    for name, value, most in (("s", build_s, _MAX_BUILD_S), ("MiB", mib, _MAX_BUILD_MIB)):
        kept = value <= most
        broken |= not kept
        print(f"{'ok ' if kept else 'BAD'} build of 10000 rules: {value:.2f} {name} (<= {most:g})")
    print(f"peak of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
