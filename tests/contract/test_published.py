"""The published schemas, the examples and the prose say what the models say."""

import inspect
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter, ValidationError

from schemas import board, channels, checks, conversation, day, measurement, publish, signalling, trust, visit
from schemas.base import Message
from schemas.visit import Challenge
from telemed.kit.ids import to_base64
from telemed.kit.machine import MachineKey, proves
from telemed.kit.trust import Handshake, Me, read_roster

MODULES: tuple[ModuleType, ...] = (
    *(board, channels, checks, conversation, day, measurement, signalling, trust, visit),
)
PROSE = (publish.HERE / "protocol.md").read_text()


def test_what_is_published_is_fresh() -> None:
    assert publish.stale() == []


def test_a_changed_missing_or_leftover_file_is_stale(tmp_path: Path) -> None:
    publish.write(tmp_path)
    assert publish.stale(tmp_path) == []
    (tmp_path / "board.v1.schema.json").write_text("{}")
    (tmp_path / "paired.v1.schema.json").unlink()
    (tmp_path / "leftover.v1.schema.json").write_text("{}")
    assert publish.stale(tmp_path) == ["board.v1.schema.json", "leftover.v1.schema.json", "paired.v1.schema.json"]
    publish.write(tmp_path)
    assert publish.stale(tmp_path) == []
    assert publish.main(["--check"]) == 0


def test_every_message_is_published_or_part_of_one_that_is() -> None:
    found = {
        kind
        for module in MODULES
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Message) and kind is not Message
    }
    assert found == {*publish.KINDS.values(), *publish.PARTS}


def test_each_message_has_one_example_and_no_example_is_left_over() -> None:
    assert {path.name for path in publish.EXAMPLES.iterdir()} == {f"{kind}.v1.json" for kind in publish.KINDS}


@pytest.mark.parametrize("kind", publish.KINDS)
def test_an_example_is_valid_comes_back_the_same_and_shows_every_field(kind: str) -> None:
    text = (publish.EXAMPLES / f"{kind}.v1.json").read_text()
    made = publish.example(kind)
    assert json.loads(made.model_dump_json()) == json.loads(text)
    assert set(json.loads(text)) == set(publish.KINDS[kind].model_fields)


@pytest.mark.parametrize("kind", publish.KINDS)
def test_a_reader_skips_what_it_does_not_know(kind: str) -> None:
    sent = json.loads((publish.EXAMPLES / f"{kind}.v1.json").read_text())
    newer = json.dumps({**sent, "added_later": {"deep": [1]}})
    assert publish.KINDS[kind].model_validate_json(newer) == publish.example(kind)


@pytest.mark.parametrize("kind", publish.KINDS)
def test_a_field_that_must_be_there_must_be_there(kind: str) -> None:
    sent = json.loads((publish.EXAMPLES / f"{kind}.v1.json").read_text())
    for name, field in publish.KINDS[kind].model_fields.items():
        if field.is_required():
            broken = json.dumps({key: value for key, value in sent.items() if key != name})
            with pytest.raises(ValidationError):
                publish.KINDS[kind].model_validate_json(broken)


READERS: dict[str, TypeAdapter[Any]] = {
    "link-down": channels.from_centre,
    "link-up": channels.from_room,
    "signalling": signalling.from_hub,
    "kiosk": visit.from_kiosk,
    "signalling-up": signalling.to_hub,
    "talk": conversation.talk,
    "ctl-up": measurement.ctl_from_doctor,
    "ctl-down": measurement.ctl_from_room,
}


@pytest.mark.parametrize(
    ("reader", "kinds"),
    [
        ("link-down", ("link-roster", "link-plan", "link-facts-down", "link-taken", "link-pair-answer", "link-beat")),
        ("link-up", ("link-refused", "link-facts-up", "link-checks", "link-blocked", "link-pair-asked", "link-beat")),
        ("signalling", tuple(kind for kind in publish.KINDS if kind.startswith("signalling-"))),
        ("signalling-up", ("signalling-signal", "signalling-beat")),
        ("talk", tuple(kind for kind in publish.KINDS if kind.startswith("talk-"))),
        (
            "kiosk",
            ("kiosk-allow", "kiosk-decline", "kiosk-introduced", "kiosk-pause", "kiosk-emergency", "kiosk-refused"),
        ),
        ("kiosk", ("kiosk-help", "kiosk-practised")),
        ("link-up", ("link-help-up", "link-practised")),
        ("link-down", ("link-help-down",)),
        ("kiosk", ("kiosk-check-in", "kiosk-report", "kiosk-confirm", "kiosk-want-sheet")),
        ("ctl-up", ("ctl-ask", "ctl-stop", "ctl-select-camera", "ctl-lock-camera", "ctl-listen", "ctl-ping")),
        ("ctl-up", ("ctl-confirm", "ctl-resend", "ctl-take-still", "ctl-still-ack", "ctl-still-resume")),
        ("ctl-down", ("ctl-sources", "ctl-progress", "ctl-pong", "ctl-device", "ctl-confirmed", "ctl-closing")),
        ("ctl-up", ("ctl-introduced", "ctl-allow", "ctl-pause", "ctl-emergency", "ctl-share", "ctl-leave")),
        ("ctl-down", ("ctl-place", "ctl-gate", "ctl-allowed")),
        ("ctl-down", ("ctl-still-offered", "ctl-still-failed")),
    ],
)
def test_on_a_shared_socket_the_type_tells_messages_apart(reader: str, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        sent = (publish.EXAMPLES / f"{kind}.v1.json").read_text()
        assert READERS[reader].validate_json(sent) == publish.example(kind)
        for wrong in (None, "unheard-of"):
            broken = json.loads(sent) | {"type": wrong}
            with pytest.raises(ValidationError):
                READERS[reader].validate_json(json.dumps(broken))


def test_a_moment_without_an_offset_and_a_crooked_id_are_refused() -> None:
    sent = json.loads((publish.EXAMPLES / "link-facts-up.v1.json").read_text())
    for change in ({"at": "2026-11-24T09:00:00"}, {"fact_id": "a b"}, {"fact_id": "x" * 65}, {"kind": "vanished"}):
        broken = {**sent, "facts": [sent["facts"][0] | change]}
        with pytest.raises(ValidationError):
            channels.from_room.validate_json(json.dumps(broken))


def test_a_board_has_no_place_for_a_person_a_doctor_or_a_time_of_another() -> None:
    schema = json.dumps(publish.json_schema("board"))
    for word in ("doctor", "person", "patient", "birth", "specialty", "service"):
        assert f'"{word}' not in schema
    assert set(board.BoardRow.model_fields) == {"ticket", "state", "delay"}


def test_the_asyncapi_document_names_every_socket_of_the_table_and_points_at_what_is_there() -> None:
    document = publish.asyncapi()
    table = re.findall(r"``WS (/[^`]*)``", channels.__doc__ or "")
    assert sorted(channel["address"] for channel in document["channels"].values()) == sorted(table)
    files = publish.files()
    for message in document["components"]["messages"].values():
        assert message["payload"]["$ref"] in files
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found = document
        for part in reference.split("/"):
            found = found[part]


def test_every_socket_message_is_on_a_channel_and_in_the_prose() -> None:
    on_channels = {kind for channel in publish.CHANNELS.values() for kind in (*channel.down, *channel.up)}
    end_to_end = ("ctl-", "talk-", "trust-")
    elsewhere = {"pair-request", "paired", "vital", *(kind for kind in publish.KINDS if kind.startswith(end_to_end))}
    assert on_channels | elsewhere == set(publish.KINDS)
    assert [kind for kind in publish.KINDS if f"`{kind}`" not in PROSE] == []


def prose_value(name: str) -> str:
    found = re.search(rf"\| {name} \| `([^`]+)` \|", PROSE)
    assert found, name
    return found[1]


def test_the_test_vector_of_the_prose_is_right() -> None:
    key = MachineKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(prose_value("private key, hex"))))
    challenge = Challenge(server=prose_value("server"), nonce=prose_value("nonce"))
    proof = key.prove(challenge, prose_value("machine_id"))
    assert key.public == prose_value("public key")
    assert proof.signature == prose_value("signature")
    assert proves(proof, challenge, key.public)
    signed = "\n".join(["telemed-machine-v1", challenge.server, challenge.nonce, proof.machine_id])
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(prose_value("private key, hex")))
    assert visit.Proof(machine_id=proof.machine_id, signature=proof.signature) == proof
    assert private.sign(signed.encode("ascii")).hex() == _hex(proof.signature)


def _hex(text: str) -> str:
    from telemed.kit.ids import from_base64

    return from_base64(text).hex()


def test_the_wave_of_the_prose_is_right() -> None:
    found = re.search(r"^([0-9a-f]{40,})$", PROSE, re.MULTILINE)
    assert found
    data = bytes.fromhex(found[1])
    header = measurement.WAVE_HEADER
    assert header.size == 26
    assert header.unpack_from(data) == (2, measurement.WaveKind.ECG, 1, 3, 1_795_510_800_000_000, 100, 0.5, 7)
    code, *samples = (int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(26, len(data), 2))
    assert (code, samples) == (257, [0, 100, -2])


def test_the_close_codes_of_the_prose_are_those_of_the_contract() -> None:
    codes = {
        value for module in (channels, signalling) for name, value in vars(module).items() if name.startswith("CLOSE_")
    }
    assert {code for code in codes if f"| {code} |" in PROSE} == codes


def handshakes() -> tuple[Handshake, Handshake]:
    """The two ends of the prose's test vector: what is random comes from it."""
    keys = [Ed25519PrivateKey.from_private_bytes(bytes(range(start, start + 32))) for start in (0, 32)]
    prints = [":".join(f"{byte:02X}" for byte in range(start, start + 32)) for start in (0, 32)]
    mes = [
        Me("visit-1", f"peer-{n + 1}", role, keys[n], prints[n])
        for n, role in enumerate((signalling.Role.KIOSK, signalling.Role.DOCTOR))
    ]
    drawn = [iter([to_base64(bytes([n]) * 16), to_base64(bytes([n + 1]) * 16)]) for n in (1, 3)]
    kiosk, doctor = (Handshake(me, draw=values.__next__) for me, values in zip(mes, drawn, strict=True))
    return kiosk, doctor


def test_the_test_vector_of_the_set_up_is_right() -> None:
    kiosk, doctor = handshakes()
    assert kiosk.hello() == publish.example("trust-hello")
    kiosk.greeted(doctor.hello(), peer_id="peer-2", role=signalling.Role.DOCTOR)
    doctor.greeted(kiosk.hello(), peer_id="peer-1", role=signalling.Role.KIOSK)
    wanted = publish.example("trust-description")
    assert isinstance(wanted, trust.Description)
    now = datetime.fromtimestamp(wanted.at_ms / 1000, UTC)
    offer = kiosk.seal("offer", wanted.sdp, attempt=1, now=now)
    assert offer == wanted
    doctor.open(offer, now=now)
    assert ", ".join(doctor.pictures or ()) in PROSE


def test_the_roster_of_the_examples_is_signed_by_its_operator() -> None:
    signed = publish.example("trust-signed-roster")
    assert isinstance(signed, trust.SignedRoster)
    assert read_roster(signed, {signed.signed_by}) == publish.example("trust-roster")
