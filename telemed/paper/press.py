"""Prints papers, one at a time, and keeps those for everybody for a while."""

import threading
from collections import OrderedDict
from hashlib import sha256

KEPT = 48
"""Of the papers for everybody so many stay in memory: nobody keeps us busy by asking for the same again."""


class Press:
    """To be called from any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def common(self, page: str) -> bytes:
        """The PDF of *page*, which says nothing of a person; kept until others were asked for more lately."""
        key = sha256(page.encode()).digest()
        with self._turn:
            if key not in self._kept:
                self._kept[key] = _printed(page)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def personal(self, page: str) -> bytes:
        """The PDF of *page*, of which nothing stays."""
        with self._turn:
            return _printed(page)


def _printed(page: str) -> bytes:
    from telemed.paper.typeset import printed

    return printed(page)
