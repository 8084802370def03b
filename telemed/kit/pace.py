"""How the interpreter runs a busy centre; called once, when everything is built."""

import gc
import sys

SWITCH_S = 0.0005
"""SQLite lets go of the interpreter at each statement; with Python's 5 ms a writer beside a busy event loop waits
longer for its turns than for the disk."""
YOUNG = 20_000
"""Objects made before a look for garbage; at Python's 700 a tenth of all time goes into looking."""


def settle() -> None:
    """What lives as long as the program is not looked through again and again."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
