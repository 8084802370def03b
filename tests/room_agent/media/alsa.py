"""Reads the sound card of argument 1 through ALSA for `test_alsa`, in a process of its own; prints what it heard."""

import asyncio
import json
import sys

import numpy as np

from room_agent.media.capture import Capture


async def main(url: str) -> dict[str, object]:
    device = Capture(url)
    async with asyncio.timeout(60):
        blocks = [await device.block() for _ in range(5)]
    device.close()
    samples = np.concatenate([block.samples for block in blocks])
    return {"samples": samples.tolist(), "rate_hz": blocks[0].rate_hz, "state": device.state.value}


if __name__ == "__main__":
    answer = json.dumps(asyncio.run(main(sys.argv[1])))
    sys.stdout.write(f"\n{answer}\n")  # in one piece: another thread may log
