"""Memory that a visit has used goes back to the machine."""

from ctypes import CDLL


def give_back() -> None:
    """What pictures and encoders have left in glibc's heap, some 90 MB after a visit; without it the program grows for
    hundreds of visits, though nothing is kept (malloc_trim(3)). Where there is another C library, nothing happens."""
    trim = getattr(CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
