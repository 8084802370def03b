"""Sealing a sheet for after a visit as the doctor's browser does (``telemed/aftercare/static/js/seal.js``)."""

import os
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.conversation import Instruction, Instructions
from telemed.aftercare import service
from telemed.aftercare.model import FORM, LIBRARY, Group, Sheet
from telemed.identity.model import Actor, Role
from telemed.kit.i18n import words
from telemed.kit.ids import new_link_token, to_base64
from telemed.web.centre import Centre

KIB = 1024


def make_sheet(now: datetime, *keys: str, line: str = "", doctor: str = "Dr. Weiß") -> Instructions:
    """A sheet with these blocks of the library, or every other one of them."""
    chosen = [one for one in LIBRARY if one.key in keys] or [
        one for group in Group for one in LIBRARY if one.group is group
    ][::2]
    blocks = tuple(
        Instruction(group=one.group.value, key=one.key, german=words().text(f"aftercare.block.{one.key}"))
        for one in chosen
    )
    return Instructions(blocks=blocks, line=line, doctor=doctor, made=now, phone="030 23125 111")


def seal(sheet_id: str, key: bytes, sheet: Instructions) -> bytes:
    text = sheet.to_wire().encode()
    plain = text.ljust(-(-len(text) // KIB) * KIB)
    nonce = os.urandom(12)
    beside = f"telemed aftercare {FORM} {sheet_id}".encode()
    return bytes([FORM]) + nonce + AESGCM(key).encrypt(nonce, plain, beside)


def put_sheet(centre: Centre, visit_id: str, doctor: str, sheet: Instructions) -> tuple[str, str]:
    """Keep it for a visit that has begun; its id and what stands behind the ``#``."""
    sheet_id, key, now = new_link_token(), os.urandom(32), centre.clock.now()
    sealed = Sheet(sheet_id, visit_id, seal(sheet_id, key, sheet))
    with centre.db.transaction() as tx:
        service.put(tx, centre.secrets, sealed, actor=Actor(Role.DOCTOR, doctor), now=now)
    return sheet_id, to_base64(key)
