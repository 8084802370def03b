"""Staff come in by a passkey, the first time by a link, and after a loss by a code of two operators."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from telemed.identity import passkey_store, roster, staff
from telemed.identity import service as identity
from telemed.identity.model import STAFF_SESSION, Actor, Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.identity.staff_model import FRESH, IDLE, NOTED_EVERY, QUESTION, OwnRecovery
from telemed.kit.db import Database
from telemed.kit.ids import to_base64
from tests.builders import HandClock
from tests.desk.world import TUESDAY_9, World, make_app, make_world
from tests.identity.authenticator import Authenticator

HOUSE = "https://zentrum.localhost"
BY_HAND = {"accept": "text/html", "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"}
BY_SCRIPT = {"accept": "application/json", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
KEY, OTHER_KEY = to_base64(b"7" * 32), to_base64(b"8" * 32)
DOCTOR, OPERATOR = Actor(Role.DOCTOR, "weiss"), Actor(Role.OPERATOR, "anna")
SECOND = Actor(Role.OPERATOR, "berta")


class Browser:
    """A browser with an authenticator, in earnest unless *exercise*."""

    def __init__(self, world: World, *, exercise: bool = False) -> None:
        self.world = replace(world, centre=replace(world.centre, exercise=exercise, public_url=HOUSE))
        self.authenticator = Authenticator(HOUSE)
        self._client = TestClient(make_app(self.world.centre), HOUSE, headers=BY_HAND, follow_redirects=False)

    @property
    def session(self) -> str | None:
        return self._client.cookies.get(SESSION_COOKIE)

    def get(self, path: str) -> Response:
        return self._client.get(path)

    def post(self, path: str, **fields: str) -> Response:
        """Send the form of a page, with the token that this session's pages carry."""
        page = self._client.get("/anmelden").text
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        return self._client.post(path, data={**({"form_token": token[1]} if token else {}), **fields})

    def bare_post(self, path: str, **fields: str) -> Response:
        return self._client.post(path, data=fields)

    def asked(self, path: str, **fields: str) -> str:
        answer = self._client.post(path, data=fields, headers=BY_SCRIPT)
        assert answer.status_code == 200, answer.text
        return answer.text

    def link(self, actor: Actor) -> str:
        with self.world.centre.db.transaction() as tx:
            return f"/anmelden/{identity.invite(tx, actor, now=self.world.now)}"

    def comes_first(self, actor: Actor, key: str = "") -> Response:
        """By the link, with a new passkey."""
        link = self.link(actor)
        options = self.asked(f"{link}/frage", public_key=key)
        return self.post(link, answer=self.authenticator.create(options), public_key=key)

    def comes(self, key: str = "", *, nth: int = -1, then: str = "") -> Response:
        """By a passkey that it has."""
        answer = self.authenticator.get(self.asked("/anmelden/frage", public_key=key), nth=nth)
        return self.post("/anmelden", answer=answer, public_key=key, weiter=then)

    def proves(self, then: str = "") -> Response:
        answer = self.authenticator.get(self.asked("/anmelden/bestaetigen/frage"))
        return self.post("/anmelden/bestaetigen", answer=answer, weiter=then)

    def forward(self, by: timedelta) -> None:
        clock = self.world.centre.clock
        assert isinstance(clock, HandClock)
        clock.forward(by)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)


def test_a_link_makes_the_first_passkey_and_works_once_it_has(browser: Browser) -> None:
    link = browser.link(DOCTOR)
    page = browser.get(link)
    assert 'data-passkey="create"' in page.text
    asked = json.loads(browser.asked(f"{link}/frage", public_key=KEY))
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert asked["rp"]["id"] == "zentrum.localhost"
    answer = browser.authenticator.create(json.dumps(asked))
    assert browser.post(link, answer=answer, public_key=OTHER_KEY).status_code == 403  # asked for another browser
    came = browser.post(link, answer=answer, public_key=KEY)
    assert (came.status_code, came.headers["location"]) == (303, "/arzt")
    assert re.match(
        r"__Host-telemed=\S{22}\.\S{43}; .*HttpOnly; .*Path=/; SameSite=lax; Secure", came.headers["set-cookie"]
    )
    assert enrolled(browser.world) == [KEY]
    assert "nur einen Passkey" in browser.get("/arzt").text
    assert browser.post(link, answer=answer, public_key=KEY).status_code == 410


def enrolled(world: World) -> list[str]:
    with world.centre.db.reading() as tx:
        return [each.public_key for each in roster.browser_keys(tx) if not each.revoked]


def test_a_link_alone_opens_a_session_in_an_exercise_and_in_earnest_never(world: World) -> None:
    earnest, play = Browser(world), Browser(world, exercise=True)
    assert earnest.bare_post(earnest.link(DOCTOR)).status_code == 403
    assert earnest.session is None
    assert play.bare_post(play.link(DOCTOR)).status_code == 303
    page = play.get("/arzt")
    assert page.status_code == 200
    assert "Übung: ohne Passkey angemeldet" in page.text
    assert "dialog" not in page.text  # nobody is signed out who could not come back
    earnest._client.cookies.set(SESSION_COOKIE, play.session or "")
    assert earnest.get("/arzt").headers["location"] == "/anmelden?weiter=%2Farzt&grund=ende"


def test_a_passkey_opens_and_enrols_a_new_browser_and_a_revoked_one_comes_back_by_a_link_only(browser: Browser) -> None:
    browser.comes_first(DOCTOR, KEY)
    first = browser.session
    came = browser.comes(OTHER_KEY, then="/konto")
    assert (came.status_code, came.headers["location"]) == (303, "/konto")
    assert browser.session != first
    assert enrolled(browser.world) == [KEY, OTHER_KEY]
    with browser.world.centre.db.transaction() as tx:
        roster.revoke_key(tx, KEY, now=browser.world.now)
    assert browser.comes(KEY).status_code == 303
    assert enrolled(browser.world) == [OTHER_KEY]
    browser.authenticator = Authenticator(HOUSE)
    browser.comes_first(DOCTOR, KEY)
    assert enrolled(browser.world) == [KEY, OTHER_KEY]


def test_an_answer_counts_once_for_its_own_question_from_our_site_and_with_the_user_verified(browser: Browser) -> None:
    browser.comes_first(DOCTOR)
    answer = browser.authenticator.get(browser.asked("/anmelden/frage"))
    assert browser.post("/anmelden", answer=answer).status_code == 303
    again = browser.authenticator.get(browser.asked("/anmelden/frage"))
    late = browser.authenticator.get(browser.asked("/anmelden/frage"))
    proof = browser.authenticator.get(browser.asked("/anmelden/bestaetigen/frage"))
    foreign = Authenticator("https://zentrum.localhost.example", kept=browser.authenticator.kept)
    unverified = Authenticator(HOUSE, verifies=False, kept=browser.authenticator.kept)
    wrong = [foreign.get(browser.asked("/anmelden/frage")), unverified.get(browser.asked("/anmelden/frage")), proof]
    own = json.loads(browser.asked("/anmelden/frage"))
    made_up = {**own, "challenge": to_base64(b"c" * 88)}
    wrong += [answer, browser.authenticator.get(json.dumps(made_up)), "{}", "nonsense", ""]
    assert [browser.post("/anmelden", answer=each).status_code for each in wrong] == [403] * len(wrong)
    assert browser.comes().status_code == 303
    assert browser.post("/anmelden", answer=again).status_code == 403  # the authenticator has counted on since
    browser.forward(QUESTION)
    assert browser.post("/anmelden", answer=late).status_code == 403
    assert browser.comes().status_code == 303


def test_nobody_is_led_elsewhere(browser: Browser) -> None:
    browser.comes_first(DOCTOR)
    for asked in ("https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)", "/a\nb"):
        assert browser.comes(then=asked).headers["location"] == "/arzt"


def test_who_does_nothing_is_signed_out_and_pages_that_ask_by_themselves_are_nothing(browser: Browser) -> None:
    browser.comes_first(DOCTOR)
    for _ in range(3):
        browser.forward(IDLE - NOTED_EVERY)
        assert browser.get("/konto").status_code == 200
    browser.forward(IDLE - timedelta(minutes=2))
    left = browser._client.get("/konto/stand", headers=BY_SCRIPT).json()["left_s"]
    assert left == 120
    assert browser._client.post("/konto/weiter", headers=BY_SCRIPT).status_code == 200  # the page's own button
    browser.forward(timedelta(minutes=2))
    assert browser._client.get("/konto/stand", headers=BY_SCRIPT).json()["left_s"] == 13 * 60
    browser.forward(timedelta(minutes=13))
    assert browser._client.get("/konto/stand", headers=BY_SCRIPT).status_code == 401
    assert browser.get("/arzt").headers["location"] == "/anmelden?weiter=%2Farzt&grund=ende"
    assert browser._client.get("/arzt/hilfe", headers=BY_SCRIPT).status_code == 200  # who calls for help is still heard
    assert browser._client.get("/konto/stand", headers=BY_SCRIPT).status_code == 401  # which was no sign of her
    browser.forward(STAFF_SESSION)
    assert browser._client.get("/arzt/hilfe", headers=BY_SCRIPT).status_code == 401


def test_heavy_acts_want_the_passkey_anew_and_change_the_session_s_token(browser: Browser) -> None:
    browser.comes_first(OPERATOR)
    old = browser.session
    assert browser.get("/konto/passkey").status_code == 200
    browser.forward(FRESH)
    asked = browser.get("/konto/passkey")
    assert (asked.status_code, asked.headers["location"]) == (303, "/anmelden/bestaetigen?weiter=%2Fkonto%2Fpasskey")
    assert browser._client.get("/konto/passkey", headers=BY_SCRIPT).status_code == 403
    assert browser.proves("/konto/passkey").headers["location"] == "/konto/passkey"
    assert browser.get("/konto/passkey").status_code == 200
    assert browser.session != old
    browser._client.cookies.set(SESSION_COOKIE, old or "")
    assert browser.get("/konto").status_code == 303


def test_another_person_s_passkey_proves_nothing(browser: Browser) -> None:
    browser.comes_first(DOCTOR)
    hers = browser.authenticator.kept[-1]
    browser.comes_first(OPERATOR)
    asked = json.loads(browser.asked("/anmelden/bestaetigen/frage"))
    assert len(asked["allowCredentials"]) == 1
    other = Authenticator(HOUSE, kept=[hers])
    assert browser.post("/anmelden/bestaetigen", answer=other.get(json.dumps(asked))).status_code == 403


def test_the_second_passkey_ends_the_warning_and_the_last_one_stays(browser: Browser) -> None:
    browser.comes_first(DOCTOR)
    browser.forward(timedelta(seconds=1))
    made = browser.authenticator.create(browser.asked("/konto/passkey/frage"))
    assert browser.post("/konto/passkey", answer=made, name="Am Bund").status_code == 303
    page = browser.get("/konto").text
    assert "nur einen Passkey" not in page
    first, second = re.findall(r'data-passkey-id="([^"]+)"', page)
    assert browser.post(f"/konto/passkey/{first}/weg").status_code == 303
    assert browser.post(f"/konto/passkey/{second}/weg").status_code == 409
    assert browser.comes(nth=0).status_code == 403
    assert browser.comes(nth=1).status_code == 303


def test_one_sees_where_one_is_signed_in_and_ends_it_there(world: World) -> None:
    here, there, third = Browser(world), Browser(world), Browser(world)
    here.comes_first(DOCTOR)
    for other in (there, third):
        other.authenticator = here.authenticator
        other.comes()
    sessions = re.findall(r'data-session="([^"]+)"', here.get("/konto").text)
    assert len(sessions) == 3
    assert here.post(f"/konto/sitzung/{sessions[0]}/beenden").status_code == 303
    assert [each.get("/konto").status_code for each in (here, there, third)] == [200, 200, 303]
    assert there.post("/konto/sitzung/alle-beenden").status_code == 303
    assert [each.get("/konto").status_code for each in (here, there)] == [303, 200]


def test_a_form_without_the_session_s_token_changes_nothing(browser: Browser) -> None:
    browser.comes_first(OPERATOR)
    refused = browser.bare_post("/konto/sitzung/alle-beenden")
    assert (refused.status_code, "zu alt" in refused.text) == (403, True)
    assert browser.bare_post("/konto/sitzung/alle-beenden", form_token="x").status_code == 403
    assert browser.post("/konto/sitzung/alle-beenden").status_code == 303


def test_who_is_shut_out_is_out_at_once_with_all_that_she_has(browser: Browser, world: World) -> None:
    browser.comes_first(DOCTOR, KEY)
    waiting = browser.link(DOCTOR)
    with world.centre.db.transaction() as tx:
        bearer = identity.give_bearer(tx, DOCTOR, now=world.now)
        staff.shut_out(tx, DOCTOR, by=OPERATOR, now=world.now)
        assert identity.who(tx, session=None, bearer=bearer, now=world.now) is None
    assert browser.get("/arzt").status_code == 303
    assert browser._client.post(f"{waiting}/frage", headers=BY_SCRIPT).status_code == 410
    assert browser.comes(KEY).status_code == 403
    assert enrolled(world) == []
    assert browser.comes_first(DOCTOR, KEY).status_code == 303  # a new link brings her back


def test_who_lost_all_passkeys_comes_back_by_a_code_of_two_operators_once(browser: Browser, world: World) -> None:
    browser.comes_first(DOCTOR)
    number, code = recovery(world)
    paper = staff.on_paper(number, code)
    for wrong in (paper[:-1] + ("2" if paper[-1] != "2" else "3"), "", code):
        assert browser.post("/anmelden/papier", code=wrong).status_code == 422
    came = browser.post("/anmelden/papier", code=paper.lower().replace("-", " "))
    link = came.headers["location"]
    assert re.fullmatch(r"/anmelden/[\w-]{43}", link)
    assert browser.post("/anmelden/papier", code=paper).status_code == 422
    assert browser.comes().status_code == 403  # whoever has found the old one stays outside
    answer = browser.authenticator.create(browser.asked(f"{link}/frage"))
    assert browser.post(link, answer=answer).status_code == 303
    assert browser.get("/arzt").status_code == 200


def recovery(world: World) -> tuple[str, str]:
    """What two operators did; number and code."""
    code, kept = staff.new_code()
    assert len(code) * 5 >= 112
    assert kept.startswith("$argon2id$")
    with world.centre.db.transaction() as tx:
        number = staff.begin_recovery(tx, DOCTOR, by=OPERATOR, now=world.now)
        for alone in (OPERATOR, DOCTOR):
            with pytest.raises(OwnRecovery):
                staff.confirm_recovery(tx, number, kept, by=alone, now=world.now)
        staff.confirm_recovery(tx, number, kept, by=SECOND, now=world.now)
        assert code not in repr(tx.execute(passkey_store.recoveries.select()).all())
    return number, code


def test_a_code_on_paper_is_too_old_after_a_day_and_guessed_five_times(browser: Browser, world: World) -> None:
    browser.comes_first(DOCTOR)
    number, code = recovery(world)
    browser.forward(timedelta(hours=24))
    answers = [browser.post("/anmelden/papier", code=staff.on_paper(number, code)).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
