"""Home of google-re2: the regular expressions of rules, linear in the text whatever is written.

RE2's `\\w \\d \\s \\b` know ASCII only; they are rewritten for all scripts, or refused where that cannot be.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

_MAX_MEM_BYTES = 8 << 20  # of one expression, compiled
_SET_MEM_BYTES = 64 << 20
_OUTSIDE = {
    r"\w": r"[\p{L}\p{N}_]",
    r"\W": r"[^\p{L}\p{N}_]",
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\s": r"[\s\p{Z}]",
    r"\S": r"[^\s\p{Z}]",
}
_INSIDE = {
    r"\w": r"\p{L}\p{N}_",
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\s": r"\s\p{Z}",
    "[:alpha:]": r"\p{L}",
    "[:alnum:]": r"\p{L}\p{N}",
    "[:word:]": r"\p{L}\p{N}_",
    "[:digit:]": r"\p{Nd}",
    "[:space:]": r"\s\p{Z}",
    "[:upper:]": r"\p{Lu}",
    "[:lower:]": r"\p{Ll}",
    "[:punct:]": r"\p{P}\p{S}",
}
_EDGE = r"(?:^|$|[^\p{L}\p{N}_])"
# A quoted run, a class by name, an escape, the start of a bracket (with a literal `]`), a POSIX class, any sign.
_PIECE = re.compile(r"\\Q.*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\.|\[:\^?\w+:\]|\[\^?\]?|.", re.DOTALL)


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


@cache
def compiled(expression: str) -> Any:
    """Return the compiled *expression* (rewritten before); case does not matter.

    Raises:
        RegexError: RE2 does not know it, or it is too large.
    """
    re2 = _re2()
    options = re2.Options()
    options.max_mem = _MAX_MEM_BYTES
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise RegexError(f"the expression is refused by RE2: {reason}") from error


class RegexSet:
    """Many expressions, searched for in one pass."""

    def __init__(self, expressions: Sequence[str]) -> None:
        re2 = _re2()
        options = re2.Options()
        options.max_mem = _SET_MEM_BYTES
        options.case_sensitive = False
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for expression in expressions:
            self._set.Add(expression)
        self._set.Compile()

    def search(self, text: str) -> list[int]:
        """Return the positions, in the list given, of the expressions found in *text*."""
        return list(self._set.Match(text) or ())


def _rewritten(expression: str) -> str:
    pieces = _PIECE.findall(expression)
    inside = False
    rewritten = []
    for place, piece in enumerate(pieces):
        if inside:
            rewritten.append(_in_brackets(piece))
            inside = piece != "]"
        elif piece in (r"\b", r"\B"):
            rewritten.append(_edge(piece, first=place == 0, last=place == len(pieces) - 1))
        else:
            rewritten.append(_OUTSIDE.get(piece, piece))
            inside = piece.startswith("[")
    return "".join(rewritten)


def _in_brackets(piece: str) -> str:
    if piece in (r"\W", r"\S") or piece.startswith("[:^"):
        raise RegexError(f"{piece} inside [ ] knows ASCII letters only; write it outside of them, or list the signs")
    return _INSIDE.get(piece, piece)


def _edge(piece: str, *, first: bool, last: bool) -> str:
    if piece == r"\b" and (first or last):
        return _EDGE
    raise RegexError(
        f"{piece} knows ASCII letters only and can be used for all letters at the very beginning and end alone; "
        r"write (?:^|[^\p{L}]) before a word and (?:$|[^\p{L}]) behind it"
    )
