"""Small line and step plots as SVG, so that a figure can be looked at without another library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tests.bench.harness import OUT

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 36, 48
COLOURS = ("#1b5e9b", "#b3500c", "#2f7d32", "#7b3fa0", "#444444")


@dataclass(frozen=True)
class Curve:
    """Points to be joined, in order."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Plot:
    """A picture: curves over two axes, and lines across where the targets are."""

    title: str
    x: str
    y: str
    curves: Sequence[Curve]
    targets: Sequence[float] = ()


def distribution(name: str, values: Iterable[float]) -> Curve:
    """The share of *values* that are at most x: how often it was that fast."""
    ranked = sorted(values)
    return Curve(name, [(value, (place + 1) / len(ranked)) for place, value in enumerate(ranked)])


def save(plot: Plot, name: str, folder: Path = OUT) -> Path:
    """Write *plot* as `name`.svg into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.svg"
    path.write_text(drawn(plot))
    return path


def drawn(plot: Plot) -> str:
    """The SVG of *plot*.

    Raises:
        ValueError: there is no point to draw.
    """
    points = [point for curve in plot.curves for point in curve.points]
    if not points:
        raise ValueError("a plot needs a point")
    scale = _Scale(max(x for x, _ in points) or 1, max([y for _, y in points] + [*plot.targets]) or 1)
    parts = [*_frame(plot, scale), *_targets(plot, scale)]
    for number, curve in enumerate(plot.curves):
        parts += _curve(curve, scale, number)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    style = 'font-family="sans-serif" font-size="12" fill="#222"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>\n'


@dataclass(frozen=True)
class _Scale:
    """From values to the picture; both axes begin at 0."""

    x_max: float
    y_max: float

    def x(self, value: float) -> float:
        return round(LEFT + value / self.x_max * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - value / self.y_max * (HEIGHT - TOP - BOTTOM), 1)


def _frame(plot: Plot, scale: _Scale) -> list[str]:
    parts = [
        '<rect width="100%" height="100%" fill="white"/>',
        _text(LEFT, 20, plot.title),
        _text(WIDTH - RIGHT, HEIGHT - 12, plot.x, anchor="end"),
        _text(8, TOP - 4, plot.y),
    ]
    for tenth in range(0, 11, 2):
        x, y = scale.x_max * tenth / 10, scale.y_max * tenth / 10
        parts.append(_text(scale.x(x), HEIGHT - BOTTOM + 16, f"{x:.3g}", anchor="middle"))
        parts.append(_text(LEFT - 6, scale.y(y) + 4, f"{y:.3g}", anchor="end"))
        parts.append(_line((LEFT, scale.y(y)), (WIDTH - RIGHT, scale.y(y)), 'stroke="#ddd"'))
    return parts


def _targets(plot: Plot, scale: _Scale) -> list[str]:
    dashed = 'stroke="#b00020" stroke-dasharray="6 4"'
    return [_line((LEFT, scale.y(y)), (WIDTH - RIGHT, scale.y(y)), dashed) for y in plot.targets]


def _curve(curve: Curve, scale: _Scale, number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    points = " ".join(f"{scale.x(x)},{scale.y(y)}" for x, y in curve.points)
    joined = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
    return [joined, _text(LEFT + 12, TOP + 14 + 16 * number, curve.name, colour=colour)]


def _line(start: tuple[float, float], end: tuple[float, float], style: str) -> str:
    return f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" {style}/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
