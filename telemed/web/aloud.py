"""Pages read out: what a page said is sealed into its link "Vorlesen", and only that is ever spoken.

So nobody makes the program speak words of his own, no text is kept between page and sound, and every worker of a
centre can speak what another has shown. What stands in the catalogues word for word is rendered once and lies on disk;
whatever else a page says may be personal, and is rendered anew each time.
"""

import base64
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telemed.kit.i18n import SIMPLE, for_people, words
from telemed.kit.voice import Piece, Voice
from telemed.kit.waves import joined, silence, to_mp3
from telemed.web.sentences import Sentence, bare, main_of, of_page, split, to_say

MARK = "~aloud~"
"""Stands in a page where its sealed text goes."""
LONGEST_LINK = 7_000
"""Characters: servers between us and a browser take no longer address than 8 KB."""
NONCE_BYTES = 12
GAP_S = 0.25
MANY = 512
"""Pages, of about 8 KB each."""


@dataclass(frozen=True)
class Said:
    """What a page said. *language*: of its catalogue."""

    language: str
    sentences: tuple[Sentence, ...]


class Aloud:
    """Reads pages out. *key*: 32 bytes, the same for all workers of a program. To be called from any thread.

    Raises:
        Speechless: where something is to be spoken, and no program can.
    """

    def __init__(self, key: bytes, voice: Voice) -> None:
        self._cipher = AESGCM(key)
        self._voice = voice
        self._sealed_before = lru_cache(maxsize=MANY)(self._sealed)

    def mark(self, page: str, language: str, *, is_for_all: bool = False) -> str:
        """*page*, a whole page as HTML, with its text sealed into the link that has `MARK`.

        Of what is the same for all (*is_for_all*) the last `MANY` are kept; what says something of somebody never is.
        """
        if MARK not in page:
            return page
        sealed = self._sealed_before if is_for_all else self._sealed
        return page.replace(MARK, sealed(main_of(page), language))

    def _sealed(self, main: str, language: str) -> str:
        """Bare markup: who shows a page does not wait until it is read. Of a page that is too long, its sentences."""
        token = self._token(f"{language}\n{bare(main)}")
        return token if len(token) <= LONGEST_LINK else self.seal(Said(language, tuple(of_page(main))))

    def seal(self, said: Said) -> str:
        """*said* as part of an address; of a page that is too long, what fits from its beginning on."""
        sentences = list(said.sentences)
        while True:
            token = self._token(json.dumps([said.language, [one.packed() for one in sentences]], ensure_ascii=False))
            if len(token) <= LONGEST_LINK or not sentences:
                return token
            del sentences[len(sentences) * 9 // 10 :]

    def _token(self, plain: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, zlib.compress(plain.encode()), None)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, token: str) -> Said | None:
        """What was sealed; None if it was not by us."""
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            deflated = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (ValueError, InvalidTag):
            return None
        plain = zlib.decompress(deflated).decode()
        if not plain.startswith("["):
            language, _, main = plain.partition("\n")
            return Said(language, tuple(of_page(main)))
        language, packed = json.loads(plain)
        return Said(language, tuple(Sentence(*one) for one in packed))

    def sentence(self, language: str, text: str) -> bytes:
        """One sentence as MP3."""
        return to_mp3(joined([self._voice.samples(piece(language, text))]))

    def page(self, said: Said) -> Iterator[bytes]:
        """All that was to be seen, one sentence after the other, as MP3."""
        for one in said.sentences:
            if not one.hidden:
                yield self.sentence(said.language, one.say)
                yield to_mp3(silence(GAP_S))

    def phrase(self, language: str, key: str) -> bytes | None:
        """A text of the catalogues as MP3; None if no page for people says it, or if it has something to fill in."""
        found = words(language).text(key) if key in for_people() else "{"
        if "{" in found:
            return None
        return to_mp3(joined([self._voice.samples(piece(language, each)) for each in split(found)]))

    def text(self, language: str, text: str) -> bytes | None:
        """The same for who knows only its words; None if no text of the catalogues is just this."""
        key = _whole(language).get(" ".join(text.split()))
        return self.phrase(language, key) if key else None

    def prepare(self, languages: Iterable[str]) -> tuple[int, Path]:
        """Render all that is the same for everybody, so that nobody waits; how many pieces are recorded, and a list."""
        pieces = [piece(language, text) for language in languages for text in sorted(_fixed(language))]
        return self._voice.prepare(list(dict.fromkeys(pieces)))


def piece(language: str, text: str) -> Piece:
    """*text* for the voice of *language*; lasting, and with a name, if it stands in the catalogue word for word."""
    name = _fixed(language).get(text, "")
    spoken = "de" if language == SIMPLE else language
    return Piece(spoken, name and f"page-{name}", to_say(text, spoken), lasting=bool(name))


@cache
def _whole(language: str) -> dict[str, str]:
    """Each text for people → its key."""
    spoken = words(language)
    return {" ".join(spoken.text(key).split()): key for key in sorted(for_people(), reverse=True)}


@cache
def _fixed(language: str) -> dict[str, str]:
    """Each sentence for people that has nothing to fill in → its key, and which one of it it is."""
    spoken = words(language)
    found: dict[str, str] = {}
    for key in sorted(for_people()):
        text = spoken.text(key)
        if "{" not in text:
            for number, sentence in enumerate(split(text), 1):
                found.setdefault(sentence, f"{re.sub(r'[^a-z0-9._-]', '', key)}-{number}")
    return found
