"""The door sign of electronic paper: 800 × 480 points, black or white, drawn for ``/tuer.png``.

It keeps its picture without power, so it carries the time at which that held, and never a ticket: who was called may be
inside long before the panel is asked again.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from signage.door import DoorState
from signage.layout import MARGIN_PX, PAPER, PICTURE_PX
from signage.legible import Sizes
from signage.screen import Screen
from telemed.kit.i18n import words
from telemed.web.pages import STATIC, local

WIDTH, HEIGHT = PAPER[0].width, PAPER[0].height
PICTURES = Path(__file__).parent / "static" / "door"
FONT = STATIC / "vendor" / "fonts" / "atkinson-hyperlegible-next-latin-wght-normal.woff2"
DIGITS = STATIC / "vendor" / "fonts" / "inter-latin-wght-normal.woff2"
EVERY = timedelta(minutes=5)
"""The time on it moves in such steps, so that a panel need not flash each minute."""
BOLD = 700
BLACK, WHITE = 0, 255
INVERTED = frozenset({DoorState.OCCUPIED, DoorState.CLOSED})


@dataclass(frozen=True)
class DoorSign:
    """All that is on it, in words."""

    state: DoorState
    word: str
    more: str
    room_name: str
    picture: str
    stand: str
    marks: str

    @property
    def etag(self) -> str:
        """The same for the same picture, in the form of an entity tag (RFC 9110, 8.8.3)."""
        return f'"{hashlib.sha256(repr(self).encode()).hexdigest()[:32]}"'


def sign_of(screen: Screen, now: datetime) -> DoorSign:
    """The sign at *now*, on the clock of *screen*."""
    text = words().text
    state = screen.door.state
    stand = screen.stand or now
    marks = [text("web.simulated")] * screen.simulated + [text("web.exercise")] * screen.exercise
    return DoorSign(
        state=state,
        word=text(f"signage.door.{state}"),
        more=_more(screen),
        room_name=screen.room_name or text("signage.title"),
        picture=screen.way.picture if screen.way else "",
        stand=text("signage.stand", time=local(_step(stand))),
        marks=" · ".join(marks),
    )


def _more(screen: Screen) -> str:
    text, state = words().text, screen.door.state
    if state is DoorState.CLOSED and screen.hours.opens:
        return text("signage.opens", time=local(screen.hours.opens))
    if state is DoorState.CLOSED and screen.help_phone:
        return text("signage.phone", phone=screen.help_phone)
    return text(f"signage.door.{state}.more")


def _step(moment: datetime) -> datetime:
    return moment - timedelta(seconds=moment.timestamp() % EVERY.total_seconds())


@lru_cache(maxsize=4)
def png(sign: DoorSign, sizes: Sizes) -> bytes:
    """The picture, 1 bit for each point."""
    image = Image.new("L", (WIDTH, HEIGHT), WHITE)
    draw = ImageDraw.Draw(image)
    _head(image, draw, sign, sizes)
    below = _panel(image, draw, sign, sizes)
    _centred(draw, sign.more, sizes.words, below, HEIGHT - MARGIN_PX)
    out = io.BytesIO()
    image.point(lambda level: WHITE if level > 127 else BLACK).convert("1", dither=Image.Dither.NONE).save(
        out, "PNG", bits=1, optimize=True
    )
    return out.getvalue()


def _head(image: Image.Image, draw: ImageDraw.ImageDraw, sign: DoorSign, sizes: Sizes) -> None:
    """The room's picture and name, and how old this is."""
    left = MARGIN_PX
    if sign.picture:
        image.paste(Image.open(PICTURES / f"{sign.picture}.png").convert("L"), (MARGIN_PX, MARGIN_PX))
        left += PICTURE_PX + 2 * MARGIN_PX
    top = float(MARGIN_PX)
    name_px = 1.3 * sizes.words
    for line in _lines(sign.room_name, name_px, WIDTH - left - MARGIN_PX)[:2]:
        _write(draw, (left, top), line, name_px)
        top += 1.15 * name_px
    for line in (sign.stand, sign.marks):
        _write(draw, (left, top), line, sizes.small, weight=400)
        top += 1.25 * sizes.small


def _panel(image: Image.Image, draw: ImageDraw.ImageDraw, sign: DoorSign, sizes: Sizes) -> float:
    """The word with its sign, white on black where nobody may come in; the height at which it ends."""
    top = PICTURE_PX + 2 * MARGIN_PX
    high = 1.3 * sizes.letter
    box = (MARGIN_PX, top, WIDTH - MARGIN_PX, top + high)
    inverted = sign.state in INVERTED
    soon = sign.state in {DoorState.CALLED, DoorState.CLEANING}
    draw.rounded_rectangle(box, radius=18, fill=BLACK if inverted else WHITE, outline=BLACK, width=4 if soon else 8)
    if soon:
        draw.rounded_rectangle([box[0] + 9, box[1] + 9, box[2] - 9, box[3] - 9], radius=12, outline=BLACK, width=3)
    with Image.open(PICTURES / f"state-{sign.state}.png") as drawing:
        edge = round(0.95 * sizes.letter)
        shape = drawing.convert("L").point(lambda level: WHITE - level).resize((edge, edge))
    wide = _width(sign.word, sizes.letter)
    left = (WIDTH - wide - edge - 0.2 * sizes.letter) / 2
    image.paste(WHITE if inverted else BLACK, (round(left), round(top + (high - edge) / 2)), shape)
    baseline = top + high / 2 + 0.26 * sizes.letter
    _write(
        draw,
        (left + edge + 0.2 * sizes.letter, baseline),
        sign.word,
        sizes.letter,
        anchor="ls",
        fill=WHITE if inverted else BLACK,
    )
    return top + high


def _centred(draw: ImageDraw.ImageDraw, text: str, px: float, top: float, end: float) -> None:
    lines = _lines(text, px, WIDTH - 2 * MARGIN_PX)
    at = top + (end - top - 1.15 * px * len(lines)) / 2
    for line in lines:
        _write(draw, ((WIDTH - _width(line, px)) / 2, at), line, px)
        at += 1.15 * px


def _lines(text: str, px: float, wide: float) -> list[str]:
    """*text* broken between words so that no line is longer than *wide*."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer, px) <= wide or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    px: float,
    *,
    weight: int = BOLD,
    anchor: str = "la",
    fill: int = BLACK,
) -> None:
    """Letters in one font, digits in the other, as on every page."""
    left = at[0]
    for part, digits in _runs(text):
        font = _font(digits, px, weight)
        draw.text((left, at[1] + (_rise(px, weight) if digits and anchor == "la" else 0)), part, fill, font, anchor)
        left += font.getlength(part)


def _rise(px: float, weight: int) -> float:
    """How much lower digits must begin to stand on the line of the letters."""
    return float(_font(False, px, weight).getmetrics()[0] - _font(True, px, weight).getmetrics()[0])


def _width(text: str, px: float) -> float:
    return sum(_font(digits, px, BOLD).getlength(part) for part, digits in _runs(text))


def _runs(text: str) -> list[tuple[str, bool]]:
    """*text* in pieces, each with whether it is of digits."""
    runs: list[tuple[str, bool]] = []
    for character in text:
        digit = character.isdecimal()
        if runs and runs[-1][1] is digit:
            runs[-1] = (runs[-1][0] + character, digit)
        else:
            runs.append((character, digit))
    return runs


@cache
def _font(digits: bool, px: float, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(DIGITS if digits else FONT, px * (0.93 if digits else 1.0))
    font.set_variation_by_axes([weight])
    return font
