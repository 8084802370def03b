"""What a malicious centre may do to a set-up: it carries, drops, repeats and rewrites everything between two ends.

A `SetUp` is all that one end hears before media would flow, as JSON, so that the Python verifier and the page's module
judge the very same. What the centre lacks is only the keys of the ends and of the operator.
"""

import base64
import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from schemas.signalling import Role
from schemas.trust import Description, Hello, Roster, RosterKey, SignedRoster
from telemed.kit.ids import to_base64
from telemed.kit.trust import Distrusted, Handshake, Me, commitment, read_roster, sign_roster, trusted

Json = dict[str, Any]
Kind = Literal["offer", "answer"]
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HERE, ELSEWHERE = "room-1", "room-2"


@dataclass
class SetUp:
    """*me*: the end that hears, with its private key (hex). *far*: who the centre says is at the other end.

    *offered*: the attempt of this end's own newest offer, 0 if the other one offers. *before*: descriptions of earlier
    attempts, all honest; *said*: the one that is judged, at *now_ms*. *newest*: the roster that this end saw before.
    """

    me: Json
    far: Json
    room_id: str
    roster: Json
    operator_keys: list[str]
    newest: int
    hellos: list[Json]
    before: list[Json]
    offered: int
    said: Json
    now_ms: int


class Forger(Me):
    """Says that it has the key of another one."""

    claimed: str

    @property
    def public(self) -> str:
        return self.claimed


def forger(me: Me, claimed: str) -> Me:
    """*me*, under the public key *claimed*."""
    made = Forger(me.visit_id, me.peer_id, me.role, me.key, me.fingerprint)
    object.__setattr__(made, "claimed", claimed)
    return made


def key(random: Random) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(random.randbytes(32))


def public(of: Ed25519PrivateKey) -> str:
    return to_base64(of.public_key().public_bytes_raw())


def fingerprint(random: Random) -> str:
    return ":".join(f"{byte:02X}" for byte in random.randbytes(32))


def sdp(name: str, random: Random, *, setup: str) -> str:
    """As ends write it: bundled pictures, sound and data, each with the fingerprint *name*."""
    ice = f"a=ice-ufrag:{random.randbytes(3).hex()}\r\na=ice-pwd:{random.randbytes(12).hex()}\r\n"
    dtls = f"a=fingerprint:sha-256 {name}\r\na=setup:{setup}\r\n"
    lines = ("video 9 UDP/TLS/RTP/SAVPF 97", "audio 9 UDP/TLS/RTP/SAVPF 96", "application 9 UDP/DTLS/SCTP wd")
    parts = "".join(f"m={line}\r\na=mid:{mid}\r\na=sendonly\r\n{ice}{dtls}" for mid, line in enumerate(lines))
    return f"v=0\r\no=- {random.getrandbits(62)} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n{parts}"


def _draws(random: Random) -> Callable[[], str]:
    return lambda: to_base64(random.randbytes(16))


class World:
    """An honest set-up between two ends with all that the centre has seen and has: the *honest* one is accepted."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.operator, self.other_operator, self.stranger = key(random), key(random), key(random)
        self.keys = {role: key(random) for role in (Role.AGENT, Role.KIOSK, Role.DOCTOR)}
        self.neighbour, self.revoked = key(random), key(random)
        machine = random.choice((Role.AGENT, Role.KIOSK))
        far, me = random.choice(((machine, Role.DOCTOR), (Role.DOCTOR, machine)))
        self.visit_id, self.attempt = f"visit-{random.randint(1, 9)}", random.randint(1, 4)
        self.me = Me(self.visit_id, "peer-me", me, self.keys[me], fingerprint(random))
        self.far = Me(self.visit_id, "peer-far", far, self.keys[far], fingerprint(random))
        self.kind: Kind = "offer" if me is Role.DOCTOR else "answer"
        self.seq = random.randint(3, 9)
        self.my_kind: Kind = "answer" if me is Role.DOCTOR else "offer"
        self.my_draws = tuple(to_base64(random.randbytes(16)) for _ in ("nonce", "reveal"))
        self.mine = Handshake(self.me, draw=iter(self.my_draws).__next__)
        self.honest = self.by(self.far)
        self.mutant = copy.deepcopy(self.honest)

    def shaken(self, far: Me, mine: Handshake | None = None, *, me: Me | None = None) -> Handshake:
        """*far*'s side after this end's hello."""
        shake = Handshake(far, draw=_draws(self.random))
        to = me or self.me
        shake.greeted((mine or self.mine).hello(), peer_id=to.peer_id, role=to.role)
        return shake

    def sealed(self, far: Me, shake: Handshake, *, attempt: int, ago_s: float = 1.0, kind: Kind | None = None) -> Json:
        setup = "actpass" if (kind or self.kind) == "offer" else "active"
        text = sdp(far.fingerprint, self.random, setup=setup)
        said = shake.seal(kind or self.kind, text, attempt=attempt, now=NOW - timedelta(seconds=ago_s))
        return said.model_dump(mode="json")

    def by(self, far: Me, *, roster: Json | None = None, hub_says: Me | None = None) -> SetUp:
        """All that *far* would say, honestly signed with what it has."""
        shake, told = self.shaken(far), hub_says or far
        earlier = [self.sealed(far, shake, attempt=n, ago_s=9 - n) for n in range(1, self.attempt)]
        private = self.me.key.private_bytes_raw().hex()
        me = {"visit_id": self.visit_id, "peer_id": self.me.peer_id, "role": self.me.role.value, "private": private}
        me |= {
            "public": self.me.public,
            "fingerprint": self.me.fingerprint,
            "nonce": self.my_draws[0],
            "reveal": self.my_draws[1],
        }
        return SetUp(
            me=me | {"sdp": sdp(self.me.fingerprint, self.random, setup="actpass")},
            far={"peer_id": told.peer_id, "role": told.role.value},
            room_id=HERE,
            roster=roster or self.roster(),
            operator_keys=[public(self.operator)],
            newest=self.seq,
            hellos=[shake.hello().model_dump(mode="json")],
            before=earlier if self.kind == "offer" else [],
            offered=0 if self.kind == "offer" else self.attempt,
            said=self.sealed(far, shake, attempt=self.attempt),
            now_ms=int(NOW.timestamp() * 1000),
        )

    def roster(
        self,
        *more: RosterKey,
        operator: Ed25519PrivateKey | None = None,
        seq: int | None = None,
        issued_at: datetime = NOW - timedelta(days=1),
    ) -> Json:
        keys = [self.entry(self.keys[role], role) for role in (Role.AGENT, Role.KIOSK, Role.DOCTOR)]
        keys += [self.entry(self.neighbour, role, ELSEWHERE) for role in (Role.AGENT, Role.KIOSK)]
        expires_at = issued_at + timedelta(days=30)
        made = Roster(seq=seq or self.seq, issued_at=issued_at, expires_at=expires_at, keys=(*keys, *more))
        return sign_roster(made, operator or self.operator).model_dump(mode="json")

    @staticmethod
    def entry(of: Ed25519PrivateKey, role: Role, room_id: str = HERE) -> RosterKey:
        room = None if role is Role.DOCTOR else room_id
        said = {"key": public(of), "role": role, "subject": f"{role.value}-1", "name": "Test", "room_id": room}
        return RosterKey.model_validate(said)

    def attacker(self, of: Ed25519PrivateKey | None = None) -> Me:
        """In place of the other end, with a key and a certificate of its own."""
        return Me(self.visit_id, self.far.peer_id, self.far.role, of or self.stranger, fingerprint(self.random))


def judged(setup: SetUp) -> str:
    """Why the Python verifier refuses *setup*; empty if it accepts."""
    now = datetime.fromtimestamp(setup.now_ms / 1000, UTC)
    mine, role = setup.me, Role(setup.far["role"])
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(mine["private"]))
    me = Me(mine["visit_id"], mine["peer_id"], Role(mine["role"]), private, mine["fingerprint"])
    try:
        signed = SignedRoster.model_validate(setup.roster)
    except ValidationError:
        return "roster"
    try:
        roster = read_roster(signed, setup.operator_keys, newest=setup.newest)
        shake = Handshake(me, draw=iter((mine["nonce"], mine["reveal"])).__next__)
        for each in setup.hellos:
            hello = Hello.model_validate(each)
            shake.greeted(hello, peer_id=setup.far["peer_id"], role=role)
            trusted(hello, roster, role=role, room_id=setup.room_id, now=now)
        if setup.offered:
            shake.seal("offer", mine["sdp"], attempt=setup.offered, now=now)
        for each in (*setup.before, setup.said):
            shake.open(Description.model_validate(each), now=now)
    except Distrusted as refused:
        return refused.reason.value
    except ValidationError:
        return "malformed"
    return ""


def taken_unchecked(setup: SetUp) -> bool:
    """The control: an end that takes whatever description comes, as products do that trust their server."""
    return isinstance(setup.said.get("sdp"), str)


@dataclass
class Seen:
    """What became of so many mutated set-ups. *wrong*: what was accepted, or an honest one that was refused."""

    setups: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    mutations: Counter[str] = field(default_factory=Counter)
    control: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        why = ", ".join(f"{name} {count}" for name, count in sorted(self.refused.items()))
        return (
            f"{self.setups} mutated set-ups of {len(self.mutations)} kinds: {len(self.wrong)} accepted; "
            f"control without the check accepts {self.control}; refused by {why}"
        )

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            self.setups + other.setups,
            self.refused + other.refused,
            self.mutations + other.mutations,
            self.control + other.control,
            self.wrong + other.wrong,
        )

    def add(self, name: str, honest: str, mutant: str, *, control: bool) -> None:
        """*honest*, *mutant*: why each was refused."""
        self.setups += 1
        self.mutations[name] += 1
        self.control += control
        if honest or not mutant:
            self.wrong.append(f"{name}: " + (f"honest refused: {honest}" if honest else "accepted"))
        else:
            self.refused[mutant] += 1


def as_json(setup: SetUp) -> Json:
    """For another language."""
    return copy.deepcopy(vars(setup))


def flipped(text: str, random: Random, *, keep_last: int = 1) -> str:
    """*text* (base64) with another character at one place; not at the end, whose last bits mean nothing."""
    if len(text) <= keep_last:
        return text + "A"
    at = random.randrange(len(text) - keep_last)
    other = random.choice([each for each in "ABCDEFGHabcdefgh01234567-_" if each != text[at]])
    return text[:at] + other + text[at + 1 :]


def recommitted(world: World, name: str, reveal: str) -> str:
    """A commitment of the other end to the certificate *name*, as the centre can make one."""
    far = world.far
    return commitment(visit_id=far.visit_id, peer_id=far.peer_id, key=far.public, fingerprint=name, reveal=reveal)


def text_of(signed: Json) -> Json:
    found: Json = json.loads(signed["roster"])
    return found


def raw(signature: str) -> bytes:
    return base64.urlsafe_b64decode(signature + "==")


def tried(setups: Iterator[tuple[str, World]]) -> Seen:
    """Let the Python verifier judge them."""
    seen = Seen()
    for name, world in setups:
        control = taken_unchecked(world.mutant)
        seen.add(name, judged(world.honest), judged(world.mutant), control=control)
    return seen
