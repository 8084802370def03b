"""Reads the codes on a monitor as somebody with weak sight would get them: blurred by the model, then by OCR.

The blur is that of `signage.legible`: a Gaussian in linear light, at visus 0.3 and 5 m on 43 inches 7.6 pixels wide.
Tesseract is no eye: it says whether the blurred shapes still tell the code, not whether a tired person sees it.
"""

import io
import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator, Page

from schemas.board import BoardRow, DelayReason, RoomState, RowState
from schemas.day import DIGITS, LETTERS, PICTURES
from signage.layout import Face, Layout, usual
from signage.legible import LETTERS_CAP, blur_px
from tests.e2e.monitor_scene import Shown, bring
from tests.e2e.shots import picture_of
from tests.signage.boards import make_row

GLANCES_CAP_PX = (32, 40, 48)
"""Codes are brought to these heights before they are read, large and small ones alike. Tesseract stumbles over a
picture now and then ("998" for "98"); so it looks three times, and what it reads most often counts."""
A_LETTER = str.maketrans("258", "ZSB")
A_DIGIT = str.maketrans("ZSB", "258")
"""Whoever waits knows that a letter comes first and then two digits."""
TESSERACT = ("tesseract", "stdin", "stdout", "--psm", "7", "-c", f"tessedit_char_whitelist={LETTERS}{DIGITS}")
Light = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Read:
    """How many codes stood there, and how many were read without a mistake."""

    codes: int = 0
    right: int = 0

    def __add__(self, other: "Read") -> "Read":
        return Read(self.codes + other.codes, self.right + other.right)

    @property
    def share(self) -> float:
        return self.right / self.codes


def smallest_face(layout: Layout, times: float = 1.0) -> Face:
    """The usual screen of *layout* with the smallest letters that its model allows, or *times* as large."""
    face = usual(layout)
    return replace(face, sizes=face.least.times(times))


def random_boards(seed: int, count: int) -> Iterator[dict[str, object]]:
    """Boards with one to four people, as a day may have them."""
    chance = random.Random(seed)
    for _ in range(count):
        rows = tuple(_row(chance, place) for place in range(chance.randint(1, 4)))
        yield {"rows": rows, "room_state": RoomState.CALLED, "reason": chance.choice([None, *DelayReason])}


def _row(chance: random.Random, place: int) -> BoardRow:
    state = (RowState.CALLED, RowState.NEXT, RowState.WAITING, RowState.WAITING)[place]
    low = chance.choice((0, 5, 10, 20, 100))
    ticket = {"picture": chance.choice(PICTURES), "letter": chance.choice(LETTERS)}
    delay = (low, low + 10) if state is not RowState.CALLED and chance.random() < 0.5 else None
    return make_row(state, delay, **ticket, digits="".join(chance.choices(DIGITS, k=2)))


def read_board(program: Shown, page: Page, **given: object) -> Read:
    """Bring a board, and read the codes on it."""
    bring(program, page, **given)
    picture = Image.open(io.BytesIO(picture_of(page))).convert("RGB")
    face = program.monitor.face
    codes = page.locator(".code").all()
    right = sum(read(picture, code, face) == "".join(code.inner_text().split()) for code in codes)
    return Read(len(codes), right)


def read(picture: Image.Image, code: Locator, face: Face) -> str:
    """What OCR makes of *code* once it is blurred."""
    box = code.bounding_box()
    assert box is not None
    sigma = blur_px(face.glass, face.reading)
    cap_px = face.sizes.letter * LETTERS_CAP
    reach, beside = 4 * sigma, 0.2 * cap_px
    left, top, right, bottom = box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]
    around = picture.crop((round(left - reach), round(top - reach), round(right + reach), round(bottom + reach)))
    inner = (round(reach - beside), round(reach), round(around.width - reach + beside), round(around.height - reach))
    seen = blurred(around, sigma).crop(inner)
    glances = Counter(glance(seen, height / cap_px) for height in GLANCES_CAP_PX)
    del glances[""]
    return glances.most_common(1)[0][0] if glances else ""


def glance(seen: Image.Image, times: float) -> str:
    """A letter and two digits, or nothing."""
    found = ocr(seen.resize((round(seen.width * times), round(seen.height * times)), Image.Resampling.LANCZOS))
    code = found[:1].translate(A_LETTER) + found[1:].translate(A_DIGIT)
    return code if re.fullmatch(f"[{LETTERS}][{DIGITS}]{{2}}", code) else ""


def blurred(picture: Image.Image, sigma: float) -> Image.Image:
    """*picture* in grey, blurred by a Gaussian of *sigma* pixels in linear light (IEC 61966-2-1), dark on light."""
    srgb: Light = np.asarray(picture, dtype=np.float64) / 255
    linear: Light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    light = linear @ np.array([0.2126, 0.7152, 0.0722])
    reach = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    wide = np.pad(light, reach, mode="edge")
    for axis in (0, 1):
        wide = np.apply_along_axis(np.convolve, axis, wide, kernel, "valid")
    grey: Light = np.where(wide <= 0.0031308, wide * 12.92, 1.055 * wide ** (1 / 2.4) - 0.055)
    if np.median(grey) < 0.5:
        grey = 1 - grey
    return Image.fromarray((grey.clip(0, 1) * 255).astype(np.uint8))


def ocr(picture: Image.Image) -> str:
    """The letters and digits in *picture*, without blanks. Ink is what is darker than halfway to the ground."""
    grey = np.asarray(picture, dtype=np.float64)
    darkest, lightest = np.percentile(grey, (2, 95))
    ink = np.pad(grey < (darkest + lightest) / 2, 20)
    out = io.BytesIO()
    Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).save(out, "PNG")
    done = subprocess.run(
        TESSERACT, input=out.getvalue(), capture_output=True, check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"}
    )
    return "".join(done.stdout.decode().split())
