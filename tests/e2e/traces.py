"""Looks for words in everything that the programs leave behind: databases byte by byte, journals, logs."""

from collections.abc import Iterable
from pathlib import Path


def personal_traces(folder: Path, words: Iterable[str]) -> list[str]:
    """``file: word`` for each of *words* that stands in a file below *folder*, in UTF-8 or UTF-16."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        for word in words:
            if word.encode() in data or word.encode("utf-16-le") in data:
                found.append(f"{path.relative_to(folder)}: {word}")
    return found
