"""What a delivered case was told and what it showed since: so that what people there changed is told from our own.

Pure. Of each field three things are kept:

* ``told``: the value that the case has, or will have, by what we sent and by what people there set;
* ``shown``: what the case showed when it was last read;
* ``due``: what we told and the case has not shown yet, oldest first, each with the moment at which it was sent
  (microseconds; 0: it waits).

A value that is read is our own while it is due, is no news when it was shown last, and else was set by people there.
So a destination that takes no notice of what it was told, or was read before it was there, overrules nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.store.rows import dumps

FIELDS = ("priority", "queue", "category", "tags", "state")
"""What a case is told of."""

_BEGUN = frozenset(FIELDS) - {"state"}  # what a case is created with
ENDED = frozenset({"solved", "closed", "hidden"})
OPEN = "open"
_UNTOUCHED = ("new", "open")  # how a new case stands before anybody has seen it
_MOST_DUE = 8

Due = list[list[Any]]


def as_told(state: str) -> str:
    """Return what a case is told of a ticket's state: its end, or that it is open; the rest is people's there."""
    return state if state in ENDED else OPEN


def begun(role: str, told: Mapping[str, Any], at: int) -> str | None:
    """Return what to keep of a case that was created with *told*; nothing where nobody works on the ticket there."""
    if role != "delivered":
        return None
    heard = Heard()
    heard.created(told, at)
    return heard.dump()


@dataclass(slots=True)
class Heard:
    """One case. ``merged_into``: the case that it became a part of, where that is another ticket's."""

    told: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    due: dict[str, Due] = field(default_factory=dict)
    merged_into: str | None = None

    @classmethod
    def load(cls, text: str | None) -> "Heard":
        """Return what was kept; nothing is known of a case that was never told of."""
        return cls(**orjson.loads(text)) if text else cls()

    def dump(self) -> str:
        merged = {"merged_into": self.merged_into} if self.merged_into else {}
        return dumps({"told": self.told, "shown": self.shown, "due": self.due, **merged})

    # --- what we say ----------------------------------------------------------------------------------------------

    def created(self, told: Mapping[str, Any], at: int) -> None:
        """Note what the case was created with."""
        known = {name: value for name, value in told.items() if value is not None and name in _BEGUN}
        self.told = {**known, "state": OPEN}  # what is created is open, whatever its ticket is by now
        self.due = {name: [[value, at]] for name, value in known.items()}

    def tell(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of *wanted* the case is to be told; a value that was taken away here stays there."""
        news = {name: new for name, new in wanted.items() if new is not None and self.told.get(name) != new}
        for name, new in news.items():
            self.told[name] = new
            self.due[name] = [*self.due.get(name, ()), [new, 0]][-_MOST_DUE:]
        return news

    def sent(self, changes: Mapping[str, Any], at: int) -> None:
        """Note that *changes* are there since *at*. One that people there have overruled meanwhile has overruled them:
        what they want has to be told again."""
        for name, value in changes.items():
            entries = self.due.get(name, [])
            place = next((at for at, one in enumerate(entries) if one[0] == value and not one[1]), None)
            if place is not None:  # what waited before it was merged into it
                self.due[name] = [*(one for one in entries[:place] if one[1]), [value, at], *entries[place + 1 :]]
            elif self.told.get(name) != value:
                self.told[name] = value
                self.due[name] = [[value, at], *entries]

    # --- what the case shows --------------------------------------------------------------------------------------

    def changed(self, name: str, value: Any) -> bool:
        """Take in *value* of a field as the case shows it; return whether people there set it."""
        due = self.due.get(name, [])
        ours = [at for at, (told, _) in enumerate(due) if _is(name, value, told)]
        if ours or (name in self.shown and value == self.shown[name]):
            self._show(name, value, due[ours[-1] + 1 :] if ours else due)
            return False
        if name not in self.shown and self._is_first(name, value):
            self._show(name, value, due)
            return False
        self._show(name, value, [])
        self.told[name] = as_told(value) if name == "state" else value
        return True

    def _show(self, name: str, value: Any, due: Due) -> None:
        self.shown[name] = value
        self.due[name] = due

    def _is_first(self, name: str, value: Any) -> bool:
        """Whether a value that the case shows first is how it came to be: nobody has taken it up yet, or it is where
        the destination puts what has no queue."""
        if name == "state":
            return value in _UNTOUCHED
        return value == self.told.get(name) or (name == "queue" and name not in self.told)

    def tags(self, tags: Sequence[str], mine: Sequence[str]) -> list[str] | None:
        """Take in the tags of the case; return what those of the ticket (*mine*) are then, None where people there
        changed none.

        A tag counts as taken away only where the case had shown it: destinations lose some that they do not know.
        """
        shown, now, due = set(self.shown.get("tags", ())), set(tags), self.due.get("tags", [])
        ours = {tag for told, _ in due for tag in told} | set(self.told.get("tags", ()))
        done = [at for at, (told, _) in enumerate(due) if set(told) == now]
        self._show("tags", sorted(now), due[done[-1] + 1 :] if done else due)
        added, removed = now - shown - ours, shown - now
        wanted = sorted((set(mine) | added) - removed)
        if wanted == sorted(mine):
            return None
        if not any(not sent for _, sent in self.due["tags"]):
            self.told["tags"] = wanted  # else what waits has to be told with theirs
        return wanted


def _is(name: str, value: Any, told: Any) -> bool:
    if name != "state":
        return bool(value == told)
    return value in ENDED if told in ENDED else value not in ENDED
