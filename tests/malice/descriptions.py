"""Mutations of what is signed: certificates, signatures, the rest of the SDP."""

from telemed.kit.ids import to_base64
from tests.malice.world import World, fingerprint, flipped, forger, raw, recommitted

_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519 (RFC 8032)."""


def _replace(world: World, old: str, new: str) -> None:
    said = world.mutant.said
    assert old in said["sdp"]
    said["sdp"] = said["sdp"].replace(old, new)


def fingerprints_swapped(world: World) -> None:
    name = fingerprint(world.random)
    _replace(world, world.far.fingerprint, name)
    if world.random.random() < 0.5:
        world.mutant.hellos[0]["commitment"] = recommitted(world, name, world.mutant.said["reveal"])


def one_fingerprint_swapped(world: World) -> None:
    parts = world.mutant.said["sdp"].split(world.far.fingerprint)
    at = world.random.randrange(len(parts) - 1)
    names = [world.far.fingerprint] * (len(parts) - 1)
    names[at] = fingerprint(world.random)
    world.mutant.said["sdp"] = "".join(part + name for part, name in zip(parts, [*names, ""], strict=True))


def fingerprint_added(world: World) -> None:
    """Also in the ways in which a careless reader may overlook it."""
    name = fingerprint(world.random)
    lines = (
        f"a=fingerprint:sha-256 {name}",
        f"a=fingerprint:SHA-256 {name}",
        f"a=fingerprint:sha-512 {name}",
        f"a=fingerprint:sha-256  {name}",
        f"a=fingerprint: sha-256 {name}",
        f"a=Fingerprint:sha-256 {name}",
        f" a=fingerprint:sha-256 {name}",
        f"a=fingerprint:sha-256 {name.lower()}",
        f"a=x\ra=fingerprint:sha-256 {name}",
    )
    old, new = "a=setup:", world.random.choice(lines) + "\r\na=setup:"
    head, *rest = world.mutant.said["sdp"].split(old)
    at = world.random.randrange(len(rest))
    marks = [new if number == at else old for number in range(len(rest))]
    world.mutant.said["sdp"] = head + "".join(mark + part for mark, part in zip(marks, rest, strict=True))


def fingerprints_removed(world: World) -> None:
    kept = (line for line in world.mutant.said["sdp"].split("\r\n") if "fingerprint" not in line)
    world.mutant.said["sdp"] = "\r\n".join(kept)


def fingerprint_hash_renamed(world: World) -> None:
    _replace(world, "sha-256", world.random.choice(("sha-1", "sha-512", "SHA-256", "md5")))


def fingerprint_digit_changed(world: World) -> None:
    name = world.far.fingerprint
    at = world.random.randrange(32) * 3
    _replace(world, name, name[:at] + ("00" if name[at : at + 2] != "00" else "01") + name[at + 2 :])


# Signatures


def signature_stripped(world: World) -> None:
    if world.random.random() < 0.5:
        del world.mutant.said["signature"]
    else:
        world.mutant.said["signature"] = ""


def signature_cut(world: World) -> None:
    world.mutant.said["signature"] = world.mutant.said["signature"][: world.random.randrange(1, 86)]


def signature_bit_flipped(world: World) -> None:
    world.mutant.said["signature"] = flipped(world.mutant.said["signature"], world.random)


def signature_of_nothing(world: World) -> None:
    world.mutant.said["signature"] = to_base64(bytes(64))


def signature_plus_order(world: World) -> None:
    """S + L instead of S: a lax verifier takes it."""
    made = raw(world.mutant.said["signature"])
    more = int.from_bytes(made[32:], "little") + _ORDER
    world.mutant.said["signature"] = to_base64(made[:32] + more.to_bytes(32, "little"))


def signature_by_another_key(world: World) -> None:
    """Exactly what would have to be signed, by a key that is not the one in the hello."""
    other = world.random.choice((world.stranger, world.neighbour, world.operator))
    me = forger(world.attacker(other), world.far.public)
    forged = world.by(me)
    world.mutant.hellos, world.mutant.before, world.mutant.said = forged.hellos, forged.before, forged.said


def signature_by_another_key_for_this_hello(world: World) -> None:
    """The honest hello stays, the description is the centre's own."""
    me = forger(world.attacker(), world.far.public)
    world.mutant.said = world.by(me).said


def key_of_small_order(world: World) -> None:
    """A key under which some verifiers take one signature for every text."""
    weak, taken = to_base64(b"\x01" + bytes(31)), to_base64(b"\x01" + bytes(63))
    me = forger(world.attacker(), weak)
    world.mutant = world.by(me)
    for said in (*world.mutant.before, world.mutant.said):
        said["signature"] = taken


def sdp_changed(world: World) -> None:
    changes = (
        ("a=mid:1", "a=mid:2"),
        ("a=setup:", "a=setup:passive\r\na=x-setup:"),
        ("a=sendonly", "a=sendrecv"),
        ("a=ice-ufrag:", "a=ice-ufrag:x"),
        ("a=ice-pwd:", "a=ice-pwd:x"),
        ("m=audio 9", "m=audio 0"),
        ("a=mid:0", "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host"),
        ("SAVPF 97", "SAVPF 98"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        ("t=0 0", "t=0 0\r\na=ice-lite"),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0"),
        ("\r\n", "\n"),
    )
    _replace(world, *world.random.choice(changes))


def sdp_ended_otherwise(world: World) -> None:
    said = world.mutant.said
    said["sdp"] = world.random.choice(
        (said["sdp"] + "\r\n", said["sdp"] + "\0", said["sdp"][:-2], "\ufeff" + said["sdp"])
    )


def sdp_of_the_honest_end_of_another_attempt(world: World) -> None:
    """Its text in the signed envelope of this one."""
    shake = world.shaken(world.far)
    world.mutant.said["sdp"] = world.sealed(world.far, shake, attempt=world.attempt)["sdp"]
