"""What a page says, sentence by sentence, as somebody would read it out. Pure.

A picture is read by its name, a ticket as it is called ("Vogel, K, vier, sieben": ``data-say``), and what only looks
nice is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import html

BREAKS = frozenset(
    (
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "dt", "dd", "ul", "ol", "dl", "blockquote", "address"),
        *("legend", "label", "button", "fieldset", "form", "summary", "details", "figure", "figcaption", "br", "hr"),
        *("div", "section", "article", "header", "aside", "nav", "table", "tr", "td", "th", "caption"),
    )
)
SILENT = frozenset(("script", "style", "template", "svg", "select", "textarea", "noscript", "audio", "video", "canvas"))
ENDS = re.compile(r"(?<=[.!?…؟])(?<!\d\.)\s+(?=\S)")
SPACES = re.compile(r"\s+")
BETWEEN = re.compile(r"\s+([.,;:!?])")
NUMBERS = re.compile(r"(?<![\d:.,])(?:112|116117|\d[\d ]{5,}\d)(?![\d:])")
CLOCK = re.compile(r"\b0?(\d{1,2}):(\d\d)(?: Uhr)?\b")

UNREAD_PARTS = re.compile(r"<(svg|script|select)\b.*?</\1>|<!--.*?-->", re.DOTALL)
"""What of a page's markup nobody hears: drawings and scripts."""
UNREAD_MARKS = re.compile(
    r"\s(?:\s+(?=\s)|class=\"(?![^\"]*(?:visually-hidden|button))[^\"]*\"|"
    r"(?!class|hidden|alt|role|aria-hidden|aria-label=|data-say)[a-z][a-z-]*=\"[^\"]*\"(?=[\s/>]))"
)
"""Addresses, names of fields, and gaps; by itself, since each of the two is found by its first letter."""


@dataclass(frozen=True)
class Sentence:
    """*say*: what is spoken. *shown*: what stands there instead, empty if it is the same. *hidden*: not seen yet."""

    say: str
    shown: str = ""
    hidden: bool = False

    def packed(self) -> list[str | bool]:
        """Short, as part of a sealed text; the arguments to make it again."""
        if self.hidden:
            return [self.say, self.shown, True]
        return [self.say, self.shown] if self.shown else [self.say]


@dataclass
class _Block:
    """The text that is being read. *said* has the names of pictures, *shown* has not."""

    said: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    found: list[Sentence] = field(default_factory=list)
    differs: bool = False

    def add(self, text: str | None, *, shown: str | None = None) -> None:
        if text:
            self.said.append(text)
            self.shown.append(text if shown is None else shown)
            self.differs = self.differs or shown is not None

    def end(self, hidden: bool) -> None:
        """What was added ends here. Most that is added is nothing but the space between two tags."""
        if not self.said:
            return
        said = "".join(self.said)
        if said.isspace():
            said = shown = ""
        else:
            said = _tidy(said)
            shown = _tidy("".join(self.shown)) if self.differs else said
        self.said, self.shown, self.differs = [], [], False
        if not any(char.isalnum() for char in said):
            return
        if said == shown:
            self.found += (Sentence(one, hidden=hidden) for one in split(said))
        else:
            self.found.append(Sentence(said, shown, hidden))


def main_of(page: str) -> str:
    """A page's ``main``; empty where it has none."""
    start, end = page.find("<main"), page.rfind("</main>")
    return page[start : end + len("</main>")] if 0 <= start < end else ""


def bare(main: str) -> str:
    """*main* without what is not read out: the same sentences, in a third of the letters."""
    return UNREAD_MARKS.sub("", UNREAD_PARTS.sub("", main))


def of_page(page: str) -> Iterator[Sentence]:
    """The sentences of a page's ``main``."""
    main = main_of(page)
    if not main:
        return
    block = _Block()
    _read(html.fromstring(main), block, hidden=False)
    block.end(hidden=False)
    yield from block.found


def _read(element: html.HtmlElement, block: _Block, *, hidden: bool) -> None:
    tag = element.tag if isinstance(element.tag, str) else "script"
    if tag in SILENT or element.get("aria-hidden") == "true" or "visually-hidden" in (element.get("class") or ""):
        return
    apart = tag in BREAKS or (tag == "a" and "button" in (element.get("class") or ""))
    if apart:
        block.end(hidden)
    hidden = hidden or element.get("hidden") is not None
    if (said := element.get("data-say")) is not None:
        block.add(said, shown=element.text_content())
    elif tag == "img" or element.get("role") == "img":
        block.add(element.get("alt") or element.get("aria-label"), shown="")
    else:
        _inside(element, block, hidden=hidden)
    if apart:
        block.end(hidden)


def _inside(element: html.HtmlElement, block: _Block, *, hidden: bool) -> None:
    block.add(element.text)
    for child in element:
        _read(child, block, hidden=hidden)
        block.add(child.tail)


def _tidy(text: str) -> str:
    return BETWEEN.sub(r"\1", SPACES.sub(" ", text)).strip()


def split(text: str) -> list[str]:
    """The sentences of *text*; "24. November" is none of its own."""
    return [part for part in ENDS.split(SPACES.sub(" ", text).strip()) if part]


def to_say(text: str, language: str) -> str:
    """*text* as a voice says it: long numbers and 112 digit by digit, a time of day as people say it."""
    digits = NUMBERS.sub(lambda match: " ".join(match[0].replace(" ", "")), text)
    if language == "de":
        return CLOCK.sub(lambda match: _clock(match[1], match[2]), digits)
    return digits


def _clock(hour: str, minute: str) -> str:
    return f"{hour} Uhr" if minute == "00" else f"{hour} Uhr {int(minute)}"
