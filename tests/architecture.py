"""The plan of the house as tables: what stands on which floor, and what each kind of file may import.

Imports go down, never up or sideways; of a neighbour one sees `model`, `service` and what
stands beside them in `VALUES`, `VERBS` and `DOORS` only.
`tests/test_architecture.py` holds every file to it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.file_kinds import KINDS, KINDS_BY_NAME, Kind

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("schemas", "telemed", "room_agent", "signage")

LIBRARIES = {
    "schemas": ("schemas",),
    "telemed.kit": ("telemed.kit", "schemas"),
    "telemed.fhir": ("telemed.fhir", "telemed.kit", "schemas"),
    "telemed.web": ("telemed.web", "telemed.kit", "schemas"),
}
"""The two lowest floors, and what each may import."""

CAPABILITY_FLOORS = (
    ("identity",),
    ("directory",),
    ("people",),
    ("booking",),
    ("visit",),
    ("queue", "signalling", "upkeep", "aftercare", "help", "training"),
    ("privacy",),
    ("notify", "link", "interop", "feedback"),
    ("city", "operator", "desk", "paper", "subscribe"),
)
"""Lowest first; those on one floor do not know each other."""

TOP = ("subscriptions", "wiring", "app", "__main__", "commands", "roster_commands", "client_commands", "migrations")
"""Above every capability of the centre; they put it together, so they see all of it."""

OTHER_PROGRAMS = {
    "room_agent": ("room_agent", "schemas", "telemed.kit", "telemed.web", "telemed.queue.model"),
    "signage": ("signage", "schemas", "telemed.kit", "telemed.web"),
}
"""What the programs beside the centre may import; the room shares one pure forecast with it."""


@dataclass(frozen=True)
class May:
    """What one kind of file may import."""

    libraries: tuple[str, ...] = ()
    own: tuple[Kind, ...] = ()
    lower: tuple[str, ...] = ()
    """Files of capabilities on lower floors."""


PURE_PACKAGES = ("cryptography", "holidays", "rapidfuzz")
"""Functions of bytes, of dates or of words and nothing else, so a model may call them."""

PLUMBING = ("telemed.kit", "schemas", "telemed.fhir")
VALUES = (
    *("model", "calendar", "planner", "search", "ground", "sessions", "pending_model", "sought", "systems"),
    "program_model",
    *("allowed", "scopes", "consent", "mandate", "staff_model", "acts", "trail", "client_model", "topics"),
)
"""Seen from above like the model: the calendar of the directory; what booking is asked, sees, answers, and lays out;
who may do what; who of the staff may sign in."""
VERBS = (
    *(
        *VALUES,
        "service",
        "holding",
        "several",
        "index",
        "byhand",
        "choice",
        "programs",
        "pending",
        "proposed",
        "seeking",
        "shelf",
        "invitations",
        "roster",
        "calls",
        "carriers",
        "codes",
    ),
    *("staff", "signed_in", "clients", "key_sets", "pacing"),
    *(
        "asking",
        "granted",
        "consents",
        "consent_fhir",
        "audit_fhir",
        "act_fhir",
        "served",
        "matching",
        "looking",
        "mandates",
        "mandated",
        "own",
        "opening",
        "timetable",
    ),
)
"""Seen from above like the service: booking, identity and notify have too many verbs for one file."""
DOORS = ("rights", "doors", "access", "form", "steps", "times", "held")
"""Edges that other edges need: who may; and of booking who came by a link, its fields, times, holding, and slip."""
MAY = {
    Kind.EMPTY: May(),
    Kind.PURE: May(("telemed.kit.refusal", "telemed.kit.outbox.Event", "schemas"), (Kind.PURE,), VALUES),
    Kind.STORE: May(PLUMBING, (Kind.PURE, Kind.STORE), ("allowed", "visible")),  # which rows somebody may see
    Kind.SERVICE: May(PLUMBING, (Kind.PURE, Kind.STORE, Kind.SERVICE, Kind.MAPPING), VERBS),
    Kind.REACTION: May(PLUMBING, (Kind.PURE, Kind.SERVICE), VERBS),
    Kind.MAPPING: May(PLUMBING, (Kind.PURE, Kind.MAPPING), VALUES),
    Kind.EDGE: May((*PLUMBING, "telemed.web"), (Kind.PURE, Kind.SERVICE, Kind.MAPPING, Kind.EDGE), (*VERBS, *DOORS)),
}


@dataclass(frozen=True)
class Import:
    """One imported name: dotted, with the name itself (`telemed.kit.db.Tx`)."""

    importer: str
    """The dotted name of the module that imports."""
    target: str
    line: int


def all_files() -> Iterator[Path]:
    """Every Python file of the programs."""
    for program in PROGRAMS:
        yield from sorted((ROOT / program).rglob("*.py"))


def all_imports() -> Iterator[tuple[Path, Import]]:
    """Every import of every file of the programs."""
    for path in all_files():
        for found in imports_of(path.read_text(), module_name(path)):
            yield path.relative_to(ROOT), found


def module_name(path: Path) -> str:
    """`telemed/kit/db.py` → `telemed.kit.db`; an `__init__.py` is its package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, importer: str) -> Iterator[Import]:
    """The imports of one file, also those inside functions or under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (Import(importer, name.name, node.lineno) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join([*importer.split(".")[: -level or None], *([module] if module else [])])
                start = base if level else (module or "")
                yield from (Import(importer, f"{start}.{name.name}", node.lineno) for name in names)


def objection(found: Import) -> str | None:
    """The rule that *found* breaks, or None."""
    program, *rest = found.importer.split(".")
    if program in OTHER_PROGRAMS:
        return _outside(found.target, OTHER_PROGRAMS[program], program)
    library = next((name for name in LIBRARIES if _within(found.importer, (name,))), None)
    if library:
        return _outside(found.target, LIBRARIES[library], library)
    if not rest or rest[0] in TOP:
        return _outside(found.target, ("telemed", "schemas"), "the top of the centre")
    return _of_capability(found, rest[0], ".".join(rest[1:]))


def misplaced(module: str) -> str | None:
    """Why the house has no place for *module*, or None if it has, whatever it imports."""
    return objection(Import(module, "builtins", 1))


def _of_capability(found: Import, capability: str, file: str) -> str | None:
    if _floor(capability) is None:
        return f"telemed/{capability} is on no floor of the house"
    kind = _kind(capability, file)
    if kind is None:
        return f"a capability has no file {file}.py"
    if kind is Kind.PURE and not _is_ours(found.target):
        pure = found.target.split(".")[0] in (*sys.stdlib_module_names, *PURE_PACKAGES)
        return None if pure else "a model imports only the standard library"
    if not _is_ours(found.target) or _within(found.target, MAY[kind].libraries):
        return None
    return _between_capabilities(found.target, capability, kind)


def _between_capabilities(target: str, capability: str, kind: Kind) -> str | None:
    _, other, file, *_ = [*target.split("."), "", ""]
    there, here = _floor(other), _floor(capability)
    if there is None or here is None:
        return f"{_called(kind)} may not import {target}"
    if other == capability:
        allowed = _kind(other, file) in MAY[kind].own
        return None if allowed else f"{_called(kind)} may not import its own {file or 'package'}"
    if there >= here:
        return f"imports go down, and {other} is not below {capability}"
    return None if file in MAY[kind].lower else f"{_called(kind)} may not see {file or 'the package'} of {other}"


def _outside(target: str, allowed: tuple[str, ...], who: str) -> str | None:
    if not _is_ours(target) or _within(target, allowed):
        return None
    return f"{who} may import only {', '.join(allowed)}"


def _is_ours(target: str) -> bool:
    return target.split(".", maxsplit=1)[0] in (*PROGRAMS, "tests", "ops")


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _floor(capability: str) -> int | None:
    return next((floor for floor, names in enumerate(CAPABILITY_FLOORS) if capability in names), None)


def _kind(capability: str, file: str) -> Kind | None:
    return KINDS_BY_NAME.get(f"{capability}.{file}") or KINDS.get(file)


def _called(kind: Kind) -> str:
    return f"a file of kind {kind.value}"
