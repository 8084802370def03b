"""Words for people from gettext catalogues: German first; what another language lacks falls back visibly."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent.parent / "locale"
GERMAN = "de"


class Words:
    """The catalogue of one language."""

    def __init__(self, language: str, messages: Mapping[str, str], fallback: "Words | None" = None) -> None:
        self.language = language
        self._messages = messages
        self._fallback = fallback

    def __contains__(self, key: str) -> bool:
        return key in self._messages

    def text(self, key: str, **params: object) -> str:
        """The words for *key*. A missing key shows itself in brackets (and is a red test in German)."""
        found = self._messages.get(key)
        if found is not None:
            return found.format(**params) if params else found
        if self._fallback is not None and key in self._fallback:
            return f"[{GERMAN}] {self._fallback.text(key, **params)}"
        return f"⟦{key}⟧"

    def starting(self, *prefixes: str) -> dict[str, str]:
        """All entries whose key starts with one of *prefixes*, for a page's script."""
        return {key: self.text(key) for key in sorted(self.keys()) if key.startswith(prefixes)}

    def keys(self) -> set[str]:
        """Every key that this language or German knows."""
        return set(self._messages) | (self._fallback.keys() if self._fallback else set())


@cache
def words(language: str = GERMAN) -> Words:
    """The catalogue of *language*: every ``.po`` in its folder, merged.

    Raises:
        ValueError: two files give the same key.
    """
    messages: dict[str, str] = {}
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale=language):
                key = str(entry.id)
                if not key:
                    continue
                if key in messages:
                    raise ValueError(f"{path.name}: {key} is given twice")
                messages[key] = str(entry.string)
    return Words(language, messages, None if language == GERMAN else words(GERMAN))


def available() -> tuple[str, ...]:
    """The languages that have a catalogue, German first."""
    found = sorted(p.name for p in LOCALE.iterdir() if p.is_dir() and re.fullmatch(r"[a-z]{2}", p.name))
    return (GERMAN, *(name for name in found if name != GERMAN))
