"""Imports go down, never up or sideways; each kind of file imports only what it may."""

from pathlib import Path

import pytest

from tests.architecture import ROOT, Import, all_files, all_imports, imports_of, misplaced, module_name, objection


def test_imports_go_down() -> None:
    broken = [
        f"{path}:{found.line} → {found.target}: {rule}" for path, found in all_imports() if (rule := objection(found))
    ]
    assert not broken, "\n" + "\n".join(broken)


def test_every_file_has_its_place() -> None:
    without = {str(path): misplaced(module_name(path)) for path in all_files()}
    assert not {path: rule for path, rule in without.items() if rule}


def test_the_plan_is_held_to_real_files() -> None:
    seen = {path.parts[0] for path, _ in all_imports()}
    assert {"schemas", "telemed"} <= seen


@pytest.mark.parametrize(
    ("importer", "target", "rule"),
    [
        ("schemas.board", "telemed.kit.clock.Clock", "schemas may import only"),
        ("telemed.kit.clock", "telemed.web.centre", "telemed.kit may import only"),
        ("telemed.web.pages", "telemed.booking.model.Slot", "telemed.web may import only"),
        ("telemed.fhir.search", "telemed.web.pages", "telemed.fhir may import only"),
        ("telemed.booking.service", "telemed.visit.service", "visit is not below booking"),
        ("telemed.queue.service", "telemed.signalling.service", "signalling is not below queue"),
        ("telemed.booking.service", "telemed.directory.store", "may not see store of directory"),
        ("telemed.booking.service", "telemed.directory", "may not see the package of directory"),
        ("telemed.booking.service", "telemed.booking.pages.routes", "may not import its own pages"),
        ("telemed.booking.service", "telemed.web.pages.Pages", "may not import telemed.web"),
        ("telemed.booking.model", "telemed.directory.service", "may not see service of directory"),
        ("telemed.booking.fhir", "telemed.directory.rules", "may not see rules of directory"),
        ("telemed.booking.model", "telemed.kit.db.Tx", "may not import telemed.kit.db"),
        ("telemed.booking.model", "sqlalchemy.select", "only the standard library"),
        ("telemed.booking.store", "telemed.people.model.Person", "may not see model of people"),
        ("telemed.booking.pages", "telemed.booking.store", "may not import its own store"),
        ("telemed.booking.pages", "telemed.wiring.Centre", "may not import telemed.wiring"),
        ("telemed.booking.pages", "room_agent.day", "may not import room_agent"),
        ("telemed.booking.helpers", "datetime", "has no file helpers"),
        ("telemed.billing.model", "datetime", "on no floor"),
        ("telemed.wiring", "tests.builders", "the top of the centre may import only"),
        ("room_agent.day", "telemed.visit.model", "room_agent may import only"),
        ("room_agent.day", "telemed.queue.service", "room_agent may import only"),
        ("signage.screen", "telemed.queue.model", "signage may import only"),
    ],
)
def test_a_made_up_violation_is_named(importer: str, target: str, rule: str) -> None:
    assert rule in (objection(Import(importer, target, 1)) or "nothing")


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("telemed.kit.machine", "schemas.visit.Proof"),
        ("telemed.web.pages", "telemed.kit.i18n.Words"),
        ("telemed.booking.service", "telemed.directory.model.Directory"),
        ("telemed.booking.planner", "telemed.directory.calendar.Hours"),
        ("telemed.directory.calendar", "holidays"),
        ("telemed.directory.rules", "telemed.directory.fhir.LENGTH"),
        ("telemed.booking.service", "telemed.booking.store"),
        ("telemed.booking.pages", "telemed.web.pages.Pages"),
        ("telemed.booking.model", "telemed.kit.refusal.Refusal"),
        ("telemed.queue.model", "telemed.visit.model.state_of"),
        ("telemed.wiring", "telemed.booking.store"),
        ("telemed.booking.store", "sqlalchemy.select"),
        ("room_agent.day", "telemed.queue.model.standing"),
        ("signage.app", "telemed.web.pages.Pages"),
    ],
)
def test_what_the_plan_allows_passes(importer: str, target: str) -> None:
    assert objection(Import(importer, target, 1)) is None


def test_every_way_to_write_an_import_is_seen() -> None:
    source = """
import telemed.kit.db
from telemed.visit import service as visit, model
from . import store
from ..people.model import Person
def later():
    from schemas.day import Fact
"""
    seen = [found.target for found in imports_of(source, "telemed.booking.service")]
    assert sorted(seen) == [
        "schemas.day.Fact",
        "telemed.booking.store",
        "telemed.kit.db",
        "telemed.people.model.Person",
        "telemed.visit.model",
        "telemed.visit.service",
    ]


def test_a_package_is_named_by_its_folder() -> None:
    assert module_name(ROOT / "telemed" / "kit" / "__init__.py") == "telemed.kit"
    assert module_name(Path(ROOT, "telemed/kit/db.py")) == "telemed.kit.db"
