"""Home of google-re2: the regular expressions of rules, linear in the text whatever is written.

RE2's `\\w \\d \\s \\b` know ASCII only; they are rewritten for all scripts, or refused where that cannot be.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

_MAX_MEM_BYTES = 8 << 20  # of one expression, compiled
_SET_MEM_BYTES = 64 << 20
_SET_INSTRUCTIONS = 50_000  # of one set: enough memory is left for its states, without which RE2 finds nothing
# Letters, digits and _ of the scripts that people write in, as a few broad ranges: \p{L} costs 1 MB and 8 ms each time.
_WORD = (
    r"0-9A-Z_a-z\x{aa}\x{b2}\x{b3}\x{b5}\x{b9}\x{ba}\x{bc}-\x{be}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1fff}"
    r"\x{2c00}-\x{2dff}\x{3005}-\x{d7ff}\x{f900}-\x{fdff}\x{fe70}-\x{fefe}\x{ff10}-\x{ff19}\x{ff21}-\x{ffdc}"
)
_DIGIT = r"0-9\x{660}-\x{669}\x{6f0}-\x{6f9}\x{966}-\x{96f}\x{ff10}-\x{ff19}"
_SPACE = r"\s\x{85}\x{a0}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_OUTSIDE = {
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
    r"\d": f"[{_DIGIT}]",
    r"\D": f"[^{_DIGIT}]",
    r"\s": f"[{_SPACE}]",
    r"\S": f"[^{_SPACE}]",
}
_INSIDE = {
    r"\w": _WORD,
    r"\d": _DIGIT,
    r"\s": _SPACE,
    "[:alpha:]": r"\p{L}",
    "[:alnum:]": r"\p{L}\p{N}",
    "[:word:]": _WORD,
    "[:digit:]": _DIGIT,
    "[:space:]": _SPACE,
    "[:upper:]": r"\p{Lu}",
    "[:lower:]": r"\p{Ll}",
    "[:punct:]": r"\p{P}\p{S}",
}
_EDGE = f"(?:^|$|[^{_WORD}])"
# A quoted run, a class by name, an escape, the start of a bracket (with a literal `]`), a POSIX class, any sign.
_PIECE = re.compile(r"\\Q.*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\.|\[:\^?\w+:\]|\[\^?\]?|.", re.DOTALL)
_BEFORE = re.compile(r"(?:\(\?[a-zA-Z-]*\)|\((?:\?(?:[a-zA-Z-]*:|P?<\w+>))?)*\Z")  # what may stand before a leading \b


class RegexError(ValueError):
    """An expression cannot be used; the message is for a person."""


@cache
def _re2() -> Any:
    import re2  # late: most rules have no expression

    return re2


def checked(expression: str) -> str:
    """Return *expression* as RE2 takes it, for letters of all scripts.

    Raises:
        RegexError: RE2 does not know it, it is too large, or it cannot be made to work beyond ASCII.
    """
    if not expression:
        raise RegexError("re: has no expression after it")
    rewritten = _rewritten(expression)
    compiled(rewritten)
    return rewritten


@lru_cache(maxsize=1000)
def compiled(expression: str) -> Any:
    """Return the compiled *expression* (rewritten before); case does not matter.

    Raises:
        RegexError: RE2 does not know it, or it is too large.
    """
    try:
        return _re2().compile(expression, _options(_MAX_MEM_BYTES))
    except _re2().error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise RegexError(f"the expression is refused by RE2: {reason}") from error


def _options(max_mem: int) -> Any:
    options = _re2().Options()
    options.max_mem = max_mem
    options.case_sensitive = False
    options.log_errors = False
    return options


def found(expression: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where *expression* (rewritten before) matches, without the sign that stands for a word's edge."""
    pattern, place, edged = compiled(expression), 0, _EDGE in expression
    while place <= len(text) and (match := pattern.search(text, place)):
        start, end = match.span()
        if edged and start < end and not _is_word(text[start]):
            start += 1
        if edged and start < end and not _is_word(text[end - 1]):
            end -= 1
        if start < end:
            yield start, end
        place = max(end, match.start() + 1)


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


class RegexSet:
    """Many expressions, searched for in one pass; in a few, if they are large."""

    def __init__(self, expressions: Sequence[str]) -> None:
        self._sets: list[tuple[Any, int]] = []
        first, size = 0, 0
        for place, expression in enumerate(expressions):
            instructions = compiled(expression).programsize
            if size and size + instructions > _SET_INSTRUCTIONS:
                self._add(expressions[first:place], first)
                first, size = place, 0
            size += instructions
        self._add(expressions[first:], first)

    def _add(self, expressions: Sequence[str], first: int) -> None:
        together = _re2().Set.SearchSet(_options(_SET_MEM_BYTES))
        for expression in expressions:
            together.Add(expression)
        together.Compile()
        self._sets.append((together, first))

    def search(self, text: str) -> list[int]:
        """Return the positions, in the list given, of the expressions found in *text*."""
        return [first + place for together, first in self._sets for place in together.Match(text) or ()]


def _rewritten(expression: str) -> str:
    pieces = _PIECE.findall(expression)
    inside = False
    rewritten = []
    for place, piece in enumerate(pieces):
        if inside:
            rewritten.append(_in_brackets(piece))
            inside = piece != "]"
        elif piece in (r"\b", r"\B"):
            first = _BEFORE.fullmatch("".join(pieces[:place])) is not None
            rewritten.append(_edge(piece, outermost=first or place == len(pieces) - 1))
        else:
            rewritten.append(_OUTSIDE.get(piece, piece))
            inside = piece.startswith("[")
    return "".join(rewritten)


def _in_brackets(piece: str) -> str:
    if piece in (r"\W", r"\S") or piece.startswith("[:^"):
        raise RegexError(f"{piece} inside [ ] knows ASCII letters only; write it outside of them, or list the signs")
    return _INSIDE.get(piece, piece)


def _edge(piece: str, *, outermost: bool) -> str:
    if piece == r"\b" and outermost:
        return _EDGE
    raise RegexError(
        f"{piece} knows ASCII letters only and can be used for all letters at the very beginning and end alone; "
        r"write (?:^|[^\p{L}]) before a word and (?:$|[^\p{L}]) behind it"
    )
