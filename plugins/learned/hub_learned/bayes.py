"""Naive Bayes over words and their beginnings: small, quick to learn, and as sure as its examples let it be. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import exp, log

_WORD = re.compile(r"\w+")
_STEM = 5  # letters: of longer words the beginning counts as well, whatever their ending
_SMOOTHING = 0.5  # added to every count, so that a word never seen with a label does not rule it out


def features(texts: Iterable[str]) -> Iterator[str]:
    """Yield what counts of *texts*: each word in lower case with ё as е, and the beginning of longer ones."""
    for text in texts:
        for word in _WORD.findall(text.lower().replace("ё", "е")):
            yield word
            if len(word) > _STEM:
                yield word[:_STEM] + "*"


class Bayes:
    """What was learned.

    Args:
        examples: texts with the label of each.
    """

    def __init__(self, examples: Iterable[tuple[str, str]]) -> None:
        seen: dict[str, Counter[str]] = {}
        self._examples: Counter[str] = Counter()
        for text, label in examples:
            self._examples[label] += 1
            seen.setdefault(label, Counter()).update(set(features([text])))
        vocabulary = {feature for counts in seen.values() for feature in counts}
        self._known = frozenset(vocabulary)
        self._weights = {label: self._weighed(label, counts) for label, counts in seen.items()}

    @property
    def labels(self) -> Mapping[str, int]:
        """The number of examples by label."""
        return self._examples

    def _weighed(self, label: str, counts: Counter[str]) -> dict[str, float]:
        total = self._examples[label] + 2 * _SMOOTHING
        return {feature: log((counts[feature] + _SMOOTHING) / total) for feature in self._known}

    def likeliest(self, texts: Iterable[str]) -> tuple[str, float]:
        """Return the likeliest label of *texts* and its probability; every label is as likely beforehand.

        How often a label stands among the examples says what was labelled, not what comes in.
        """
        said = self._known.intersection(features(texts))
        scores = {label: sum(weights[f] for f in said) for label, weights in self._weights.items()}
        best = max(scores, key=lambda label: (scores[label], label))
        return best, 1 / sum(exp(score - scores[best]) for score in scores.values())
