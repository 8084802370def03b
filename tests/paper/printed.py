"""A PDF, looked at: its pages, what they say and how large, and their codes."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image
from pypdfium2 import raw

A3, A4, A5 = (842, 1191), (595, 842), (420, 595)


@dataclass(frozen=True)
class Paper:
    """*sizes*: of its pages in points; *smallest*: the smallest letter in points; *codes*: what its QR codes say."""

    sizes: tuple[tuple[int, int], ...]
    text: str
    smallest: float
    codes: frozenset[str]


def look(pdf: bytes, shot: Path | None = None, *, codes: bool = False) -> Paper:
    """*codes*: whether they are looked for. *shot*: where pictures of the pages go, to be looked at."""
    document = pypdfium2.PdfDocument(pdf)
    sizes, texts, smallest, found = [], [], [], set()
    for number, page in enumerate(document, 1):
        width, height = page.get_size()
        sizes.append((round(width), round(height)))
        texts.append(page.get_textpage().get_text_range())
        smallest += list(_letters(page))
        if codes:
            found |= {code.text for code in zxingcpp.read_barcodes(page.render(scale=1.5).to_pil())}
        if shot:
            _keep(page.render(scale=1).to_pil(), shot.with_name(f"{shot.name}-{number}.png"))
    return Paper(tuple(sizes), " ".join(" ".join(texts).split()), min(smallest), frozenset(found))


def _keep(seen: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seen.save(path)


def _letters(page: pypdfium2.PdfPage) -> Iterator[float]:
    """How large each text is drawn, in points: its font's size times what it is scaled by."""
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        size = ctypes.c_float()
        raw.FPDFTextObj_GetFontSize(item, size)
        matrix = item.get_matrix()
        scale: float = (matrix.c**2 + matrix.d**2) ** 0.5
        yield round(size.value * scale, 1)
