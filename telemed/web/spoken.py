"""Templates of one language: what they say by a fixed key is part of them, and not looked up each time they are shown.

``{{ _('web.skip') }}`` becomes those words when the template is read, and ``{{ icon('check') }}`` that drawing; a page
is made of half as many pieces then. What is said by a key that is put together, or with something to fill in, is looked
up as ever.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup, escape

from telemed.kit.i18n import Named, Words, called
from telemed.web.files import Folders, Versions

ICONS = Path(__file__).parent / "static" / "vendor" / "icons"


@cache
def icon(name: str) -> Markup:
    """A vendored line icon in the colour of the text beside it; it always stands next to its word.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    drawing = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    drawing = drawing[drawing.index("<svg") :].strip()
    drawing = " ".join(drawing.split()).replace("> <", "><")
    return Markup(drawing.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))


def spoken(
    loader: BaseLoader, folders: Folders, words: Words, filters: Mapping[str, Callable[..., Any]]
) -> Environment:
    """The templates of *loader* in the language of *words*, with the static files in *folders* that they name."""

    def in_its_language(printed: Any) -> Any:
        """What a page prints: what knows its name in other languages, in that of the page."""
        return called(printed, words.language) if type(printed) is Named else printed

    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Versions, _Said],
        finalize=in_its_language,
        auto_reload=False,
    )
    for extension in made.extensions.values():
        if isinstance(extension, Versions):
            extension.folders = folders
        elif isinstance(extension, _Said):
            extension.words = words
    made.globals["icon"] = icon
    made.filters.update(filters)
    return made


class _Said(Extension):
    """Puts words and drawings in place of the calls that ask for them by a name that never changes."""

    words: Words

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        tokens = list(stream)
        at = 0
        while at < len(tokens):
            if _is_call(tokens[at + 1 : at + 5]) and tokens[at].test("variable_begin") and _ends(tokens, at + 5):
                yield Token(tokens[at].lineno, "data", str(escape(self._said(tokens[at + 1].value, tokens[at + 3]))))
                at += 6
            elif _is_call(tokens[at : at + 4]) and tokens[at].value == "_":
                yield Token(tokens[at].lineno, "string", str(self._said("_", tokens[at + 2])))
                at += 4
            else:
                yield tokens[at]
                at += 1

    def _said(self, call: str, name: Token) -> str:
        return self.words.text(name.value) if call == "_" else icon(name.value)


def _is_call(tokens: list[Token]) -> bool:
    """Whether it is ``_('…')`` or ``icon('…')``, with nothing else in it."""
    kinds = [token.type for token in tokens]
    return kinds == ["name", "lparen", "string", "rparen"] and tokens[0].value in ("_", "icon")


def _ends(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].test("variable_end")
