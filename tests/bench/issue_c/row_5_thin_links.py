"""720p from the agent over thin lines, 40 ms there and back: pictures a second, and how late they are on the screen."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.harness import Figure, note, percentile
from tests.bench.issue_c.far_end import far_end
from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import bare, layered
from tests.bench.issue_c.thin_link import thin_link
from tests.bench.plot import Plot, distribution, save

WIDE, THIN = 1_000_000, 400_000
SETTLE_S, MEASURED_S = 8.0, 20.0
WIDE_FPS, THIN_FPS, THIN_LATE_MS = 25.0, 12.0, 250.0


@dataclass(frozen=True)
class Line:
    """Over one line: pictures a second that the browser decoded, how late each was, and how high the last one."""

    fps: float
    late_ms: list[float]
    height: int

    def late(self, share: float) -> float | None:
        return percentile(self.late_ms, share) if self.late_ms else None


async def over(bits_per_s: int, *, ours: bool) -> Line:
    """The same noisy camera, by our layer or by aiortc's own H.264."""
    camera = NoisyCamera()
    with thin_link(bits_per_s) as chromium_over_there:
        async with far_end(str(chromium_over_there)) as far:
            sender = layered(far, [camera]) if ours else bare(far, [camera], ours=False)
            async with sender:
                await asyncio.sleep(SETTLE_S)
                await far.take()
                await asyncio.sleep(MEASURED_S)
                ((seen,),) = await far.take()
    return Line(seen.decoded / MEASURED_S, seen.late_ms, seen.height)


def measure() -> Iterator[Figure]:
    found = {bits: asyncio.run(over(bits, ours=True)) for bits in (WIDE, THIN)}
    stock = {bits: asyncio.run(over(bits, ours=False)) for bits in (WIDE, THIN)}
    for bits in (WIDE, THIN):
        for name, line in (("ours", found[bits]), ("stock", stock[bits])):
            said = [line.late(share) for share in (0.5, 0.95)]
            note(f"row 5: {bits} bit/s, {name}: {line.fps:.1f} a second, late p50, p95 {said} ms, {line.height} high")
    curves = [distribution(f"{bits // 1000} kbit/s", line.late_ms) for bits, line in found.items() if line.late_ms]
    if curves:
        save(Plot("Glass to glass over thin lines", "ms", "share", curves, [THIN_LATE_MS]), "issue_c_row_5_late")
    wide, thin = found[WIDE], found[THIN]
    name, limit = "1 Mbit/s, 40 ms: pictures decoded", f"at least {WIDE_FPS:.0f}"
    yield Figure("C", 5, name, round(wide.fps, 1), "1/s", limit, wide.fps >= WIDE_FPS, round(stock[WIDE].fps, 1))
    name, limit = "0.4 Mbit/s, 40 ms: pictures decoded", f"at least {THIN_FPS:.0f}"
    yield Figure("C", 5, name, round(thin.fps, 1), "1/s", limit, thin.fps >= THIN_FPS, round(stock[THIN].fps, 1))
    late = thin.late(0.95)
    good = late is not None and late <= THIN_LATE_MS
    name, limit = "0.4 Mbit/s, 40 ms: from painted to shown, 95 %", f"at most {THIN_LATE_MS:.0f}"
    yield Figure("C", 5, name, late, "ms", limit, good, stock[THIN].late(0.95))
