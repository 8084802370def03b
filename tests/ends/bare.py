"""A doctor's end of the devices, from schemas/protocol.md alone: `bare.py CENTRE VISIT COOKIE KEY OPERATOR [ASK…]`.

COOKIE: a whole header; KEY: Ed25519, hex; OPERATOR: the pinned key. It prints JSON lines: a channel, what was heard
there, seconds since the last ping; or a track. Each ASK (`{"type":…}`) goes out when devices may be used.
"""

import asyncio
import hashlib
import json
import re
import sys
import time
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime
from os import urandom
from typing import Any

from aiortc import RTCCertificate, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from websockets.asyncio.client import ClientConnection, connect


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def lines(*parts: object) -> bytes:
    return "\n".join(map(str, parts)).encode()


def verify(key: str, signature: str, text: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key + "=")).verify(urlsafe_b64decode(signature + "=="), text)


CENTRE, VISIT, COOKIE, KEY_HEX, OPERATOR, *ASKS = sys.argv[1:]
KEY, CERTIFICATE = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEY_HEX)), RTCCertificate.generateCertificate()
FINGERPRINT = next(each.value.upper() for each in CERTIFICATE.getFingerprints() if each.algorithm == "sha-256")
PEER, PUBLIC = urandom(16).hex(), b64(KEY.public_key().public_bytes_raw())


def signed(said: dict[str, Any], *ends: str) -> bytes:
    digest = hashlib.sha256(said["sdp"].encode()).hexdigest()
    return lines("telemed-call-v1", VISIT, said["type"], said["attempt"], *ends, digest, said["at_ms"])


def committed(*end: str) -> str:
    return b64(hashlib.sha256(lines("telemed-pictures-v1", VISIT, *end)).digest())


def agents() -> set[str]:
    got = json.load(urllib.request.urlopen(f"{CENTRE}/roster", timeout=5))
    verify(OPERATOR, got["signature"], lines("telemed-roster-v1", got["roster"]))
    roster, now = json.loads(got["roster"]), datetime.now(UTC)
    good = datetime.fromisoformat(roster["issued_at"]) <= now < datetime.fromisoformat(roster["expires_at"])
    return {each["key"] for each in roster["keys"] if each["role"] == "agent" and good}


class Far:
    """The agent *peer*, as seen from here; it offers."""

    def __init__(self, peer: str, hub: ClientConnection, tasks: asyncio.TaskGroup) -> None:
        self.peer, self.hub, self.spawn, self.attempt, self.pinged = peer, hub, tasks.create_task, 0, 0.0
        self.nonce, self.reveal, self.hello = b64(urandom(16)), b64(urandom(16)), dict[str, Any]()
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def send(self, kind: str, **body: Any) -> None:
        await self.hub.send(json.dumps({"type": "signal", "to": self.peer, "kind": kind, "body": body}))

    async def heard(self, kind: str, body: Any) -> None:
        if kind == "hello":
            if self.hello not in ({}, body) or body["key"] not in agents():
                raise ValueError("another hello, or a key that is not in the roster")
            self.hello = body
        elif kind == "offer":
            await self.answer(body)
        elif kind == "candidate" and body and body["attempt"] == self.attempt and body["candidate"]:
            candidate = candidate_from_sdp(body["candidate"].removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = body.get("sdpMid"), body.get("sdpMLineIndex")
            await self.connection.addIceCandidate(candidate)

    async def answer(self, offer: dict[str, Any]) -> None:
        (name,) = set(re.findall(r"^a=fingerprint:sha-256 (.*?)\r?$", offer["sdp"], re.MULTILINE))
        more = offer["sdp"].lower().count("fingerprint") != offer["sdp"].count(f"a=fingerprint:sha-256 {name}")
        far, me = ("agent", self.peer, self.hello["key"], self.hello["nonce"]), ("doctor", PEER, PUBLIC, self.nonce)
        verify(far[2], offer["signature"], signed(offer, *far, name, offer["reveal"], *me))
        wrong = committed(self.peer, far[2], name, offer["reveal"]) != self.hello["commitment"] or more
        if wrong or abs(time.time() * 1000 - offer["at_ms"]) > 300_000 or offer["attempt"] <= self.attempt:
            raise ValueError("another certificate, old, or seen before")
        await self.connection.close()
        self.attempt, self.connection = offer["attempt"], RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection._RTCPeerConnection__certificates = [CERTIFICATE]
        self.connection.on("track", lambda track: self.spawn(self.watch(track)))
        self.connection.on("datachannel", lambda made: made.on("message", lambda data: self.told(made, data)))
        self.connection.on("datachannel", lambda made: self.spawn(self.ping(made)) if made.label == "ctl" else None)
        await self.connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        sdp = re.sub(r"a=fingerprint:sha-(384|512).*\r\n", "", self.connection.localDescription.sdp)
        said = {"type": "answer", "attempt": self.attempt, "sdp": sdp, "at_ms": int(time.time() * 1000)}
        signature = b64(KEY.sign(signed(said, *me, FINGERPRINT, self.reveal, *far)))
        await self.send("answer", **said, reveal=self.reveal, signature=signature)

    def told(self, channel: Any, data: str | bytes) -> None:
        said = json.loads(data) if isinstance(data, str) else {"type": "binary"}
        if said["type"] == "allowed" and said["state"] == "asked":  # the patient has said yes, aloud
            channel.send(json.dumps({"type": "allow", "stream": said["stream"], "yes": True}))
        while said["type"] == "gate" and said["introduced"] and ASKS:
            channel.send(ASKS.pop(0))
        print(json.dumps([channel.label, said, time.monotonic() - self.pinged]), flush=True)  # noqa: T201

    async def ping(self, ctl: Any) -> None:
        ctl.send('{"type":"introduced","on":true}')
        while ctl.readyState == "open":
            self.pinged = time.monotonic()
            ctl.send('{"type":"ping","seq":1}')
            await asyncio.sleep(1)

    async def watch(self, track: Any) -> None:
        with suppress(MediaStreamError):
            for frames in range(1, 10**9):
                await track.recv()
                print(json.dumps([track.kind, frames]), flush=True) if frames in (1, 50) else None  # noqa: T201


async def main() -> None:
    where, far = f"{CENTRE.replace('http', 'ws', 1)}/signalling/{VISIT}?peer={PEER}", dict[str, Far]()
    async with asyncio.TaskGroup() as tasks, connect(where, additional_headers={"Cookie": COOKIE}) as hub:
        async for message in hub:
            said = json.loads(message)
            for each in (*said.get("participants", ()), *filter(None, (said.get("participant"),))):
                if each["role"] == "agent":
                    new = far.setdefault(each["peer_id"], Far(each["peer_id"], hub, tasks))
                    mine = committed(PEER, PUBLIC, FINGERPRINT, new.reveal)
                    await new.send("hello", v=1, key=PUBLIC, nonce=new.nonce, commitment=mine)
            if said["type"] == "beat":
                await hub.send('{"type":"beat"}')
            elif said["type"] == "signal" and said["sender"] in far:
                try:
                    await far[said["sender"]].heard(said["kind"], said["body"])
                except (InvalidSignature, ValueError, LookupError, TypeError) as error:
                    print(json.dumps(["refused", type(error).__name__]), flush=True)  # noqa: T201
                    await far[said["sender"]].send("refused", reason="signature")


asyncio.run(main())
