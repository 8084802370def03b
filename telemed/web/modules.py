"""Which scripts a page's script imports, so that a browser asks for all of them at once and not one after the other."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_IMPORTED = re.compile(r"""^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+\.js)';""", re.MULTILINE)


def modules(entry: str, folders: Mapping[str, Path]) -> tuple[str, ...]:
    """All addresses that the module *entry* needs, itself first. *folders*: where the files below an address are.

    Raises:
        FileNotFoundError: one that is imported is not there.
    """
    found = {entry: None}
    for address in (waiting := [entry]):
        for other in _imports(address, folders):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return tuple(found)


def _imports(address: str, folders: Mapping[str, Path]) -> Iterator[str]:
    prefix = max((each for each in folders if address.startswith(each)), key=len)
    text = (folders[prefix] / address.removeprefix(prefix)).read_text(encoding="utf-8")
    for path in _IMPORTED.findall(text):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(address), path))
