"""Which language people are spoken to in."""

import os
from collections.abc import Mapping


def language(asked: str | None, env: Mapping[str, str] = os.environ) -> str:
    """Return the language to speak: *asked* (by an option or the settings), else the locale's, else English."""
    if asked:
        return asked
    locale = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "ru" if locale.lower().startswith("ru") else "en"
