"""How the interpreter runs a busy centre."""

import asyncio
import gc
import sys

SWITCH_S = 0.0005
"""SQLite lets go of the interpreter at each statement; with Python's 5 ms a writer beside a busy event loop waits
longer for its turns than for the disk."""
YOUNG = 20_000
"""Objects made before a look for garbage; at Python's 700 a tenth of all time goes into looking."""

IN_ONE_GO_S = 0.1
"""So long other threads wait at most while one turn of the event loop writes to thousands."""


def in_one_go(loop: asyncio.AbstractEventLoop) -> None:
    """Let no other thread in before this turn of *loop* has written what it has to write.

    Reactions to the same event would take every other half millisecond from those who wait for the news of it.
    """
    usual_s = sys.getswitchinterval()
    if usual_s < IN_ONE_GO_S / 2:  # what was set is kept in whole microseconds, rounded down
        sys.setswitchinterval(IN_ONE_GO_S)
        loop.call_soon(sys.setswitchinterval, usual_s)  # the next turn


def settle() -> None:
    """To be called once, when everything is built: what lives as long as the program is looked through only once."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
