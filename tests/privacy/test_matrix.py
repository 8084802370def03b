"""Who may do what, asked of the running app: every route, every role, own and others' objects."""

from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends

from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Database
from tests.counts import Counted
from tests.privacy.matrix import House, forms_without_token, make_house, walk
from tests.privacy.matrix_table import NAMES, Whose, lines


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    return make_house(tmp_path, sqlite_database)


def test_nobody_gets_what_is_not_theirs_each_look_leaves_a_line_and_each_form_has_its_token(
    house: House, counted: Counted
) -> None:
    assert forms_without_token(house) == []
    looked = walk(house)
    assert looked.wrong == []
    assert looked.routes == {line.name for line in lines(house.app)}
    assert looked.audited > 20
    counted(f"who may what: {len(looked.routes)} routes, {looked.asked} requests (make bench: every role)")


def test_a_route_that_tells_too_much_and_one_without_a_word_of_its_address_are_found(house: House) -> None:
    Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]

    @house.app.get("/leak/{booking_id}")
    def leak(_actor: Doctor) -> str:
        return " ".join(NAMES.values())

    @house.app.get("/unsaid/{person_id}")
    def unsaid(_actor: Doctor) -> None: ...

    wrong = "\n".join(walk(house, ["/leak/{booking_id}"]).wrong)
    assert f"by doctor for {Whose.COLLEAGUE}: 200: let in" in wrong
    assert f"it tells of {NAMES[Whose.ELSEWHERE]}" in wrong
    assert f"no line in the audit for {NAMES[Whose.OWN]}" in wrong
    with pytest.raises(KeyError, match="person_id"):
        walk(house, ["/unsaid/{person_id}"])
