"""Sheets for after a visit: what may be kept of one, and the library from which a doctor puts one together. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from telemed.kit.refusal import Refusal, Sense

KEPT = timedelta(days=14)
"""So long a link opens its sheet."""
SMALLEST, LARGEST = 1024, 16 * 1024
"""Sealed bytes of a sheet (`static/js/seal.js` fills up to whole KiB, so that the size tells nothing)."""
FORM = 1
"""The first byte of a sealed sheet; then a nonce of 12 bytes, then AES-256-GCM, with the id as associated data."""
SHEET_ID = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 bit, made by the doctor's browser."""
LONGEST_LINE = 600
MOST_BLOCKS = 20


class Group(StrEnum):
    """Under which heading a block stands; the value ends the catalogue key ``aftercare.group.…``."""

    DO = "do"
    MEASURE = "measure"
    GO = "go"
    CALL = "call"
    ALARM = "alarm"


@dataclass(frozen=True)
class Block:
    """One instruction. *key* ends the catalogue key ``aftercare.block.…``. *reviewed*: the day on which a doctor has
    looked at its German words for use with patients; None: not yet, and the doctor's page says so."""

    key: str
    group: Group
    reviewed: date | None = None


LIBRARY = (
    *(Block(key, Group.DO) for key in ("drink", "rest", "medicine", "ask", "new", "cool", "wound", "raise", "move")),
    *(Block(key, Group.DO) for key in ("exercise", "food", "lift")),
    *(Block(key, Group.MEASURE) for key in ("pressure", "weight", "fever", "sugar", "notes")),
    *(Block(key, Group.GO) for key in ("pharmacy", "referral", "family", "blood", "again")),
    *(Block(key, Group.CALL) for key in ("worse", "days", "unsure", "closed")),
    *(Block(key, Group.ALARM) for key in ("breath", "chest", "stroke", "faint", "bleeding", "swelling")),
)
"""Practical instructions, each one thing to do; none names an illness. A key never gets another meaning."""


class SheetGone(Refusal):
    """There is no such sheet any more, or there never was one: both are answered alike."""

    sense = Sense.GONE
    key = "refusal.aftercare_gone"


class SheetBroken(Refusal):
    """What was sent is no sealed sheet, or too large for one."""

    key = "refusal.aftercare_broken"


@dataclass(frozen=True)
class Sheet:
    """As it came from the doctor's browser: *sealed* can be read only by who has the key, and the centre never has."""

    id: str
    visit_id: str
    sealed: bytes


def check(sheet: Sheet) -> None:
    """
    Raises:
        SheetBroken: it is not what a doctor's page makes.
    """
    is_sealed = sheet.sealed[:1] == bytes([FORM]) and SMALLEST < len(sheet.sealed) <= LARGEST
    if not is_sealed or not SHEET_ID.fullmatch(sheet.id):
        raise SheetBroken
