"""Painting pictures with numpy: block letters and a time code that a test reads back.

A picture is planar YUV 4:2:0 in one array of shape (height * 3 / 2, width), uint8, as PyAV's ``yuv420p`` wants it.
"""

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

TIME_CODE_BITS = 32
TIME_CODE_HEIGHT = 16
_DARK, _BRIGHT = 16, 235

_LETTERS = {
    " ": "0000000000", "-": "0808080808", ":": "0036360000",
    "0": "3E5149453E", "1": "00427F4000", "2": "4261514946", "3": "2141454B31", "4": "1814127F10",
    "5": "2745454539", "6": "3C4A494930", "7": "0171090503", "8": "3649494936", "9": "064949291E",
    "A": "7E1111117E", "B": "7F49494936", "C": "3E41414122", "D": "7F4141221C", "E": "7F49494941",
    "F": "7F09090901", "G": "3E4149497A", "H": "7F0808087F", "I": "00417F4100", "J": "2040413F01",
    "K": "7F08142241", "L": "7F40404040", "M": "7F020C027F", "N": "7F0408107F", "O": "3E4141413E",
    "P": "7F09090906", "Q": "3E4151215E", "R": "7F09192946", "S": "4649494931", "T": "01017F0101",
    "U": "3F4040403F", "V": "1F2040201F", "W": "3F4038403F", "X": "6314081463", "Y": "0708700807",
    "Z": "6151494543", "Ä": "7029242970", "Ö": "3845444538", "Ü": "3C4140413C",
}  # fmt: skip
"""Five columns of seven dots each, the top dot in the lowest bit."""


def lettering(text: str, scale: int) -> NDArray[np.bool_]:
    """*text* as dots, *scale* pixels each; what has no letter is a blank; ß is SS."""
    plain = text.upper().replace("\u1e9e", "SS")
    columns = b"".join(bytes.fromhex(_LETTERS.get(letter, _LETTERS[" "])) + b"\0" for letter in plain)
    dots = np.array([[(column >> row) & 1 for column in columns] for row in range(7)], dtype=bool)
    return np.kron(dots, np.ones((scale, scale), dtype=bool)).astype(bool)


def canvas(width: int, height: int, *, y: int, u: int = 128, v: int = 128) -> Pixels:
    """A picture of one colour."""
    picture = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    picture[:height] = y
    chroma = picture[height:].reshape(2, -1)
    chroma[0], chroma[1] = u, v
    return picture


def write(picture: Pixels, text: str, *, top: int, scale: int = 4) -> None:
    """Write *text* in white on a dark ground into *picture*; what does not fit is cut off."""
    write_on(picture[: picture.shape[0] * 2 // 3], text, top=top, scale=scale)


def write_on(luma: Pixels, text: str, *, top: int, scale: int = 4) -> None:
    """As `write`, into a plane of luma alone; in the middle."""
    dots = lettering(text, scale)
    height, width = luma.shape
    left = max(0, (width - dots.shape[1]) // 2)
    rows, columns = min(dots.shape[0], height - top), min(dots.shape[1], width - left)
    ground = luma[max(0, top - scale) : top + rows + scale, max(0, left - scale) : left + columns + scale]
    ground[:] = _DARK
    luma[top : top + rows, left : left + columns][dots[:rows, :columns]] = _BRIGHT


def paint_time_code(luma: Pixels, ms: int) -> None:
    """Paint the low 32 bits of *ms* into the bottom rows: 32 cells, the highest bit first, bright is 1."""
    height, width = luma.shape
    bits = [(ms >> shift) & 1 for shift in range(TIME_CODE_BITS - 1, -1, -1)]
    cells = np.repeat(np.where(bits, _BRIGHT, _DARK).astype(np.uint8), width // TIME_CODE_BITS)
    tall = max(TIME_CODE_HEIGHT, height * TIME_CODE_HEIGHT // 480)
    luma[height - tall : height, : cells.size] = cells


def read_time_code(luma: Pixels) -> int:
    """The time code in a picture's luma, of any size: each cell's middle decides."""
    height, width = luma.shape
    row = height - max(1, height * TIME_CODE_HEIGHT // 480 // 2)
    cell = width / TIME_CODE_BITS
    middles = [luma[row, int((index + 0.5) * cell)] for index in range(TIME_CODE_BITS)]
    return sum(int(value >= 128) << (TIME_CODE_BITS - 1 - index) for index, value in enumerate(middles))


def luma_of(frame: VideoFrame) -> Pixels:
    """A frame's luma, shape (height, width)."""
    grey: Pixels = frame.to_ndarray(format="gray")
    return grey


def to_frame(picture: Pixels) -> VideoFrame:
    return VideoFrame.from_ndarray(picture, format="yuv420p")


def planes_of(frame: VideoFrame) -> tuple[Pixels, Pixels, Pixels]:
    """The planes of a ``yuv420p`` frame, to be painted into: (height, width) and twice a quarter of it."""
    found = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, dtype=np.uint8).reshape(plane.height, plane.line_size)
        found.append(rows[:, : plane.width])
    return found[0], found[1], found[2]


def blurred(luma: Pixels, radius: int) -> Pixels:
    """The mean over a square of 2 * *radius* + 1, as a lens out of focus shows it."""
    side = 2 * radius + 1
    sums = luma.astype(np.float64)
    for axis in (0, 1):
        wide = np.pad(sums, [(radius + 1, radius) if axis == each else (0, 0) for each in (0, 1)], mode="edge")
        total = np.cumsum(wide, axis=axis)
        sums = (
            np.take(total, range(side, total.shape[axis]), axis) - np.take(total, range(luma.shape[axis]), axis)
        ) / side
    found: Pixels = np.round(sums).astype(np.uint8)
    return found
