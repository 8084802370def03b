"""Draw ticket pictures and the signs of a door in black and white, for doors of electronic paper.

``python tools/door_pictures.py`` draws each SVG large in Chromium and turns it into 1-bit: outlines where a colour
ends, and between them one of five regular dot screens by how light the colour is. Nothing hangs on the dots: whoever
sees only the outlines sees what it is. Each file says what it was drawn from; a test compares that.
"""

import hashlib
import io
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "telemed" / "web" / "static"
OUT = ROOT / "signage" / "static" / "door"
PICTURE_PX, SIGN_PX = 200, 112
TIMES = 4
"""Drawn so much larger, to find where colours end."""
SIGNS = {
    "free": "circle-check",
    "called": "bell-ring",
    "occupied": "users",
    "cleaning": "spray-can",
    "closed": "door-closed",
    "unknown": "circle-question-mark",
}
"""A state of the door → its sign among the icons."""
SCREENS = {
    0.82: ((0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)),
    0.62: ((1, 0, 0, 0), (0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0)),
    0.42: ((1, 0, 1, 0), (0, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)),
    0.24: ((1, 0, 1, 0), (0, 1, 0, 1), (1, 0, 1, 0), (0, 1, 0, 1)),
    -1.0: ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)),
}
"""From which lightness on (0 to 1) which dots are black."""
Pixels = npt.NDArray[np.float64]


def drawn(page: Page, svg: Path, px: int) -> Pixels:
    """*svg* at *px* pixels on transparent ground: red, green, blue, alpha, each from 0 to 1."""
    page.set_viewport_size({"width": px, "height": px})
    text = svg.read_text(encoding="utf-8")
    page.set_content(f"<style>body{{margin:0}} svg{{width:{px}px;height:{px}px;display:block}}</style>{text}")
    image = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    return np.asarray(image.convert("RGBA"), dtype=np.float64) / 255


def black_and_white(pixels: Pixels) -> Image.Image:
    """Outlines and dot screens instead of colours, at a `TIMES`-th of the size."""
    alpha = pixels[..., 3:]
    colours = pixels[..., :3] * alpha + (1 - alpha)
    small = _smaller(colours)
    lightness = (small @ np.array([0.2126, 0.7152, 0.0722])) ** 0.8
    tile = [-(-int(edge) // 4) for edge in lightness.shape]
    ink = np.zeros(lightness.shape, dtype=bool)
    upper = 2.0
    for least, screen in SCREENS.items():
        dots = np.tile(np.array(screen, dtype=bool), tile)[: ink.shape[0], : ink.shape[1]]
        ink |= (lightness >= least) & (lightness < upper) & dots
        upper = least
    ink |= _outline(colours, 0.1, 2 * TIMES) | _outline(np.repeat(alpha, 3, axis=2), 0.5, 3 * TIMES)
    return Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)


def _smaller(colours: Pixels) -> Pixels:
    high, wide = colours.shape[0] // TIMES, colours.shape[1] // TIMES
    smaller: Pixels = colours.reshape(high, TIMES, wide, TIMES, 3).mean(axis=(1, 3))
    return smaller


def _outline(colours: Pixels, least: float, reach: int) -> npt.NDArray[np.bool_]:
    """Where colours within *reach* large pixels differ by *least* or more."""
    across = np.abs(colours[:, reach:] - colours[:, :-reach]).max(axis=2) >= least
    down = np.abs(colours[reach:] - colours[:-reach]).max(axis=2) >= least
    edges = np.zeros((colours.shape[0], colours.shape[1]), dtype=bool)
    edges[:, reach // 2 : reach // 2 + across.shape[1]] |= across
    edges[reach // 2 : reach // 2 + down.shape[0]] |= down
    high, wide = edges.shape[0] // TIMES, edges.shape[1] // TIMES
    counted: Pixels = edges.reshape(high, TIMES, wide, TIMES).mean(axis=(1, 3))
    return counted >= 0.5


def source_of(svg: Path) -> str:
    """What is written into a picture of its source."""
    return hashlib.sha256(svg.read_bytes()).hexdigest()[:16]


def keep(image: Image.Image, name: str, svg: Path) -> None:
    about = PngImagePlugin.PngInfo()
    about.add_text("source", source_of(svg))
    image.save(OUT / f"{name}.png", pnginfo=about, optimize=True, bits=1)


def sources() -> dict[str, tuple[Path, int]]:
    """Every picture's name, where it is drawn from, and how large it becomes."""
    sys.path.insert(0, str(ROOT))
    from schemas.day import PICTURES

    pictures = {name: (STATIC / "tickets" / f"{name}.svg", PICTURE_PX) for name in PICTURES}
    signs = {f"state-{state}": (STATIC / "vendor" / "icons" / f"{icon}.svg", SIGN_PX) for state, icon in SIGNS.items()}
    return {**pictures, **signs}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        for name, (svg, px) in sources().items():
            pixels = drawn(page, svg, px * TIMES)
            if name.startswith("state-"):
                ink = _smaller(np.repeat(1 - pixels[..., 3:], 3, axis=2))[..., 0] < 0.5
                image = Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)
            else:
                image = black_and_white(pixels)
            keep(image, name, svg)
        browser.close()


if __name__ == "__main__":
    main()
