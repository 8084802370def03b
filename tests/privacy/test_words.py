"""Every word that people read stands in the German catalogue with its parameters, and none is left over."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

from room_agent.devices.driver import DeviceState
from room_agent.devices.driver import Reason as Unready
from room_agent.devices.glucose import SAMPLES
from room_agent.devices.pairing import Why as PairingWhy
from room_agent.devices.reading import Flag
from room_agent.devices.simulated.scenario import Fault
from room_agent.devices.thermometer import SITE_MDC
from room_agent.media.simulated import CameraFault
from room_agent.media.simulated_stethoscope import SoundFault
from schemas.board import Announced, DelayReason, RoomState, RowState
from schemas.checks import Severity
from schemas.conversation import Relation
from schemas.day import DIGITS, LETTERS, FactReason, MachineKind, WordKind
from schemas.measurement import MeasurementKind
from schemas.signalling import Role as CallRole
from schemas.trust import RefusedWhy
from signage.door import DoorState
from telemed.aftercare.model import LIBRARY, Group
from telemed.booking.model import ALSO_LACKING, Reason, Urgency, WaitState
from telemed.booking.search import Rule
from telemed.desk.asked import ALWAYS_THERE
from telemed.desk.closing import WEEKS
from telemed.directory.fhir import DEVICE_KINDS
from telemed.directory.model import SETTINGS, Template
from telemed.feedback.model import Face, Help
from telemed.identity.allowed import GlassReason
from telemed.identity.client_model import KeyFault
from telemed.identity.model import Role
from telemed.identity.scopes import Act
from telemed.identity.staff_model import STAFF
from telemed.identity.staff_model import Way as SignedInBy
from telemed.kit.i18n import words
from telemed.kit.refusal import Sense
from telemed.migrations import tables
from telemed.notify.model import Channel
from telemed.notify.model import Kind as Notice
from telemed.operator.figures import Figures
from telemed.operator.programs import MEANT_FOR, NAMED
from telemed.paper.model import CARDS, Colour, Shape
from telemed.people.acts import Did
from telemed.people.consent import Answer, How, Purpose
from telemed.people.mandate import Lasts
from telemed.people.model import Deed, Need, Way
from telemed.privacy import legal, service
from telemed.privacy.model import HOUSE, KINDS, OTHER, PURPOSES
from telemed.queue.order import Why
from telemed.training.model import Step
from telemed.upkeep.model import What
from telemed.visit.model import VisitState
from telemed.web import tickets
from tests.architecture import ROOT

PROGRAMS = ("telemed", "room_agent", "signage")
KEY = re.compile(r"""["'`]([a-z][a-z_]*(?:\.[a-z0-9_\-]+)+)["'`]""")
BUILT = re.compile(r"""["'`]([a-z][a-z_]*(?:\.[a-z0-9_\-]+)*\.)(?:["'`]\s*[~+]|\$?\{)""")
A_FILE = re.compile(r"\.(html|css|js|py|json|svg|po|sqlite)$")

CHECKED = {"check.", "check.subject."}
"""Subject and code of a check: held against the catalogue where the codes are, in the tests of the room agent."""

NEVER = (Rule.SERVICE, Rule.ORDER, Rule.PLACE, Rule.DOCTOR, Rule.ASSISTANT, Rule.DEVICE, Rule.INTERPRETER)
"""Why a wish cannot be met at any time (`search.why_nothing`)."""

LOINC = {
    *("8867-4", "2708-6", "59408-5", "8310-5", "29463-7", "8637-1"),
    *(code for _, codes in SAMPLES.values() for code in codes if code),
}
MDC = {str(code) for code, codes in SAMPLES.values() if not any(codes)} | {str(c) for c in SITE_MDC.values()} - {
    "150364"
}
"""What is measured, where LOINC has no code for it or says nothing of the place."""


def register_keys() -> set[str]:
    """A word for each table and column of the register, and for each purpose, retention and reader: add it to
    ``telemed/locale/de/staff/f_register.po`` with the column."""
    assert tables.STORES  # with them every table has been told of
    found: set[str] = set()
    for row in service.register_rows():
        found |= {legal.register_key("table", row.table), legal.register_key("column", row.column)}
        found |= {legal.register_key("purpose", row.purpose), legal.register_key("long", row.retention)}
        found.add(legal.register_key("who", row.seen_by))
    return found


PARTS: dict[str, set[str]] = {
    "account.way.": set(SignedInBy),
    "aftercare.block.": {one.key for one in LIBRARY},
    "aftercare.group.": set(Group),
    "aftercare.number.": {"112", "116117", "desk"},
    "aftercare_desk.js.": {
        *("draft.back", "draft.kept", "draft.failed", "lix.plain", "lix.hard", "told.yes", "told.no", "copied"),
        *("failed", "failed.moment", "failed.refused"),
    },
    "client.refusal.keys.": set(KeyFault),
    "programs.act.": set(Act),
    "programs.did.": set(Did),
    "programs.kind.": set(NAMED),
    "programs.purpose.": set(MEANT_FOR),
    "staff.role.": {*STAFF, *(f"one.{role}" for role in STAFF)},
    "staff.role.one.": set(STAFF),
    "booking.need.": {f"{need}{more}" for need in (*Need, "quiet") for more in ("", ".hint")},
    "booking.nothing.": {"full", *NEVER},
    "booking.specialty.": {"ALLG", "HAUT", "INNE", "KARD", "HNOH", "AUGE", "NEUR", "ORTH", "UROL"},
    "booking.way.": {f"{way}{more}" for way in Way for more in ("", ".hint")},
    "booking.wish.": {"doctor", "place", "language", "wheelchair", "companion"},
    "booking.wrong.": {"name", "birth_year", "way", "phone", "email"},
    "camera.": {"room", "otoscope", "dermatoscope", "document"},
    "cafe.consent.": set(Answer),
    "defect.what.": set(What),
    "defect.wrong.": {"where", "what", "out"},
    "closing.": {"referral", "prescription"},
    "closing.weeks.": {str(weeks) for weeks in WEEKS},
    "doctors.place.": {*SETTINGS, "phone"},
    "emergency.by.": {"doctor", "room"},
    "kiosk.help.what.": {"help", "new-appointment", "telephone"},
    "kiosk.help.is.": {"asked", "others", "all", "coming", "line"},
    "kiosk.sends.": {f"{stream}.on" for stream in ("room", "otoscope", "dermatoscope", "document", "stethoscope")},
    "practice.step.": {f"{step}{more}" for step in Step for more in ("", ".text")},
    "practice.answer.": {"talk", "measure", "help", "first", "second", "yes", "no"},
    "kiosk.practice.": {"arrive", "talk", "allow", "measure", "whose", "help", "goodbye"},
    "try.js.": {
        *("camera.ok", "camera.dark", "camera.none", "speaker.ok", "speaker.none"),
        *("microphone.ok", "microphone.wait", "microphone.quiet", "microphone.none"),
    },
    "help.what.": {"help", "new-appointment", "telephone"},
    "may.glass.reason.": set(GlassReason),
    "may.role.": {Role.DOCTOR.value, Role.ASSISTANT.value},
    "refused.why.": set(RefusedWhy),
    "stream.": {"room", "otoscope", "dermatoscope", "document"},
    "desk.js.allowed.": {
        *("asked", "yes", "no"),
        *(f"{said}.{by}" for said in ("yes", "no") for by in ("patient", "assistant", "doctor")),
    },
    "desk.js.emergency.": {"calling", "alarmed", "centre", "failed", "helped", "home"},
    "desk.js.as.": {"colleague", "interpreter", "relative"},
    "desk.js.hear.": {"quiet", "none"},
    "desk.js.talk_line.": {"good", "fair", "poor"},
    "kiosk.voice.": {"good", "quiet", "none"},
    "desk.js.relation.": set(Relation),
    "desk.js.rollcall.": {"open", "waits", "done"},
    "desk.js.handed.": {"nothing", "done", "not"},
    "desk.js.rollcall.why.": {"unreleased", "unsaid", "room"},
    "kiosk.relation.": set(Relation),
    "kiosk.role.": {"doctor", "colleague", "interpreter", "relative"},
    "desk.js.ask.": set(MeasurementKind),
    "desk.js.devices.": {"connecting", "none", "good", "slow", "lost"},
    "desk.js.device.": {"absent", "connecting", "ready", "measuring", "error"},
    "desk.js.device.reason.": {
        *("link-lost", "not-found", "not-paired", "wrong-device", "no-radio", "radio-stuck", "bond-lost"),
        "asleep",
    },
    "desk.js.ecg.grade.": {"good", "bad", "unusable"},
    "desk.js.ecg.trouble.": {"off", "saturated", "flat", "hum", "baseline", "short"},
    "desk.js.failed.": {
        *("no-value", "garbled", "absent", "stored", "timeout", "stopped", "future", "no-request", "wrong-user"),
        *("no-radio", "radio-stuck", "not-paired", "bond-lost", "wrong-device"),
        *("declined", "not-introduced", "paused"),
    },
    "desk.js.kind.": set(MeasurementKind),
    "desk.js.flag.": set(Flag),
    "desk.draw.tool.": {"arrow", "circle", "pen"},
    "desk.js.handover.": {
        *("downloaded", "copied", "copied-without-pictures", "not-copied", "no-patient", "sending", "sent", "not-all"),
        *("unreachable", "not-allowed", "refused", "too-large", "broken"),
    },
    "desk.js.group.": {"circulation", "body"},
    "desk.js.loinc.": {"85354-9", "8480-6", "8462-4", "8478-0", *LOINC},
    "desk.js.mdc.": {"150320", *MDC},
    "desk.js.progress.": {"waiting", "asleep", "measuring", "done"},
    "desk.js.reason.": {"not-a-number", "error", "positive-infinity", "negative-infinity"},
    "desk.js.refused.": {"camera", "both"},
    "desk.js.still.failed.": {"gone", "unknown-camera", "unknown-still", "busy", "not-allowed"},
    "desk.js.still.is.": {"automatic", "locked"},
    "desk.js.still.setting.": {"exposure", "white-balance", "focus"},
    "desk.js.stop.": set(MeasurementKind),
    "desk.js.whose.": {f"{said}.{by}" for said in ("is", "not") for by in ("patient", "assistant", "doctor")},
    "desk.listen.filter.": {"none", "bell", "diaphragm", "wide", "lung"},
    "desk.listen.path.": {"live", "lossless"},
    "desk.light.": {"ok", "warn", "block"},
    "desk.need.": set(Need),
    "desk.parts.": {"measure", "listen", "cameras", "handover"},
    "desk.state.": set(VisitState),
    "doctor.mark.": set(Severity),
    "doctor.reason.": {str(reason) for reason in Unready if reason},
    "doctor.says.": {
        *("state", "reason", "model", "firmware", "battery", "clock", "signal", "last-heard", "reconnects"),
        *("power-cycles", "quarantined", "held-today"),
    },
    "doctor.state.": set(DeviceState),
    "fault.": {*Fault, *CameraFault, *SoundFault},
    "guest.end.": {f"{end}{more}" for end in ("over", "left", "refused", "full") for more in ("", ".more")},
    "guest.js.refused.": {"camera", "both"},
    "guest.js.relation.": set(Relation),
    "guest.js.wait.": {"soon", "open", "line"},
    "guest.role.": set(CallRole),
    "guests.js.": {"knocks", "in", "silent"},
    "hours.": {"closed", "extra", "from", "to"},
    "interop.result.": {"taken", "not-kept", "refused"},
    "kiosk.measuring.": {f"{kind}.{part}" for kind in MeasurementKind for part in ("title", "text")},
    "notice.": {*Notice, "come_now.home", "cancelled.own"},
    "numbers.of.": {each.name for each in fields(Figures) if each.name != "room_id"},
    "numbers.unit.": {"count", "minutes", "percent", "seconds"},
    "operator.kind.": set(MachineKind),
    "waiting_room.channel.": set(Channel),
    "layouts.template.": {*Template, "overbooked"},
    "layouts.about.": {*Template, "overbooked"},
    "operator.sealed.": {"tpm", "file"},
    "pair.failed.": set(PairingWhy),
    "paper.colour.": set(Colour),
    "paper.device.": set(CARDS),
    "paper.flyer.": {"book", "come", "wait", "speak", "home"},
    "paper.poster.": {"talk", "help", "doctor"},
    "paper.shape.": set(Shape),
    "paper.step.": {step.name for card in CARDS.values() for step in card.steps},
    "planning.device.": set(DEVICE_KINDS.values()) - {ALWAYS_THERE},
    "planning.reason.": set(Reason),
    "planning.specialty.": {"allg", "haut", "hnoh", "inne", "kard"},
    "planning.urgency.": set(Urgency),
    "planning.why.": set(Rule),
    "queue.do.": {"late", "skipped", "put-back", "reopened"},
    "queue.reason.": set(FactReason),
    "queue.why.": set(Why),
    "queue.word.said.": {kind.value for kind in WordKind if kind is not WordKind.BACK},
    "roster.role.": {"agent", "kiosk", "doctor"},
    "room.device.": set(MeasurementKind),
    "refusal.do.": {sense.name.lower() for sense in Sense},
    "refusal.not_offered.": {*Rule, *(f"{rule}.named" for rule in ALSO_LACKING)},
    "room.assist.do.": {*("arrived", "called", "ended", "cleaned", "no-show")},
    "signage.": {"unpaired", "barred"},
    "room.announce.": set(Announced),
    "room.announce.do.": {*Announced, "nothing"},
    "signage.announced.": {f"{what}{more}" for what in Announced for more in ("", ".more")},
    "signage.door.": {f"{state}{more}" for state in DoorState for more in ("", ".more")},
    "signage.reason.": set(DelayReason),
    "signage.room.": set(RoomState),
    "signage.row.": {*RowState, "delay", "delay_about", "delay_up_to"},
    "signage.second.": {"fresh", "ask", "way"},
    "status.reason.": set(DelayReason),
    "status.home.": {
        f"{stage}{more}"
        for stage in ("booked", "today", "here", "next", "called", "inside", "missed")
        for more in ("", ".more")
    },
    "status.": {
        f"{stage}{more}"
        for stage in (
            "cancelled",
            "cancelled.own",
            "booked",
            "today",
            "here",
            "next",
            "called",
            "inside",
            "ended",
            "missed",
            "over",
        )
        for more in ("", ".more")
    },
    "signage.spoken.digit.": set(DIGITS),
    "signage.spoken.letter.": set(LETTERS.lower()),
    "ticket.": set(tickets.CALL_PICTURES),
    "ticket.alphabet.": set(tickets.LETTERS.lower()),
    "access.bad.": {"sign", "easy", "translations"},
    "access.good.": {"aloud", "keys", "large", "person"},
    "consent.": set(Purpose),
    "consent.about.": set(Purpose),
    "consent.answer.": set(Answer),
    "consent.said.": {*Answer, "none"},
    "consent.short.": set(Purpose),
    "consent.staff.": {"missing", "discuss"},
    "consent.staff.how.": {How.SPOKEN, How.PAPER},
    "consent.staff.way.": set(How),
    "feedback.face.": set(Face),
    "feedback.help.": set(Help),
    "mandate.lasts.": set(Lasts),
    "mandate.may.": {"change", "book", "join"},
    "mandate.wrong.": {"name", "contact"},
    "mine.deed.": set(Deed),
    "mine.who.": {*Role, *(f"{role}.named" for role in ("doctor", "assistant", "relative"))},
    "mine.why.": {*PURPOSES.values(), OTHER},
    "privacy.kind.": {HOUSE, *(f"{kind}{more}" for kind in KINDS for more in ("", ".why", ".long", ".who"))},
    "privacy.six.": {str(place + 1) for place in range(len(legal.SIX))},
    "refusal.consent.": {Purpose.VIDEO, Purpose.RELATIVE},
    "register.": {key.removeprefix("register.") for key in register_keys()},
    "terms.simple.": {"talk", "free", "name", "room", "record", "kept", "ads", "emergency"},
    "waiting.state.": {f"{state}{more}" for state in (*WaitState, "over") for more in ("", ".more")},
    "web.program.": {"telemed", "room_agent", "signage"},
}
"""Keys that are built from parts: the beginning, and every ending that can come."""


def sources(*endings: str) -> list[Path]:
    """What may name a key. Stores and migrations name tables in the same form."""
    found = [path for program in PROGRAMS for ending in endings for path in (ROOT / program).rglob(f"*.{ending}")]
    ours = [path for path in found if not {"vendor", "migrations"} & {*path.parts}]
    return [path for path in ours if not path.name.endswith("store.py")]


def named(text: str) -> set[str]:
    """Keys that stand in a source as a whole."""
    spaces = {key.partition(".")[0] for key in words().starting("")}
    found = {match[1] for match in KEY.finditer(text)}
    return {key for key in found if key.partition(".")[0] in spaces and not A_FILE.search(key)}


def begun(text: str) -> set[str]:
    """Beginnings of keys that a source builds."""
    spaces = {key.partition(".")[0] for key in words().starting("")}
    return {match[1] for match in BUILT.finditer(text) if match[1].partition(".")[0] in spaces}


def everything() -> str:
    return "\n".join(path.read_text() for path in sources("py", "html", "js"))


def built() -> set[str]:
    return {prefix + str(part) for prefix, parts in PARTS.items() for part in parts}


def test_every_word_is_in_german() -> None:
    assert sorted(named(everything()) - words().keys()) == []


def test_every_built_key_has_its_beginning_in_the_table_and_every_ending_in_german() -> None:
    assert begun(everything()) == {*PARTS, *CHECKED}
    assert sorted(built() - words().keys()) == []


def test_no_entry_is_left_over() -> None:
    used = named(everything()) | built()
    advice = {f"{key}.do" for key in used}
    left = {key for key in words().keys() - used - advice if not key.startswith(tuple(CHECKED))}
    assert sorted(left) == []


def test_a_missing_word_would_be_found() -> None:
    assert named("_('kiosk.never.heard') 'kiosk.html' \"kiosk.title\"") == {"kiosk.never.heard", "kiosk.title"}
    assert "kiosk.never.heard" not in words()
    assert begun("_('kiosk.never.' ~ x) f\"ticket.{p}\" `desk.js.${a}`") == {"kiosk.never.", "ticket.", "desk.js."}


def wanted(key: str) -> set[str]:
    """The parameters in the words of *key*."""
    return {name for _, name, _, _ in Formatter().parse(words().starting(key).get(key, "")) if name}


def in_templates(source: str) -> Iterator[tuple[str, set[str]]]:
    """Key and parameters of each ``_('key', …)``."""
    for call in Environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_" and isinstance(call.args[0], nodes.Const):
            yield str(call.args[0].value), {given.key for given in call.kwargs}


def in_code(source: str) -> Iterator[tuple[str, set[str]]]:
    """Key and parameters of each ``….text("key", …)`` that names its parameters."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "text"
            and node.args
        ):
            key = node.args[0]
            names = {given.arg for given in node.keywords}
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and None not in names:
                yield key.value, {name for name in names if name}


def calls() -> Iterator[tuple[str, set[str]]]:
    for path in sources("html"):
        yield from in_templates(path.read_text())
    for path in sources("py"):
        yield from in_code(path.read_text())


def test_every_word_gets_the_parameters_that_it_names() -> None:
    lacking = {key: wanted(key) - given for key, given in calls() if key in words() and wanted(key) - given}
    assert lacking == {}


@pytest.mark.parametrize("read", [in_templates, in_code])
def test_calls_are_found_with_their_parameters(read: object) -> None:
    source = "{{ _('a.b', time=now|local) }}" if read is in_templates else "w.text('a.b', time=f(1))"
    assert callable(read)
    assert list(read(source)) == [("a.b", {"time"})]
