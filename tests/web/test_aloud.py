"""A page is read out as a person would read it, and nothing is spoken that no page of ours has said."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from telemed.kit.i18n import words
from telemed.kit.voice import Voice
from telemed.web.aloud import Aloud, Said, piece
from telemed.web.reading import mount_reading
from telemed.web.sentences import Sentence, bare, main_of, of_page, split, to_say
from tests.web.apps import make_app

PAGE = """<header>Kopf</header><main id="main"><h1>Ihr Termin</h1>
<p>Am 24. November um <b>09:05</b>
 Uhr. Rufen Sie 112 an!</p><p>Hallo <img alt="Vogel"> Frau Sommer</p>
<span data-say="Vogel, K, vier, sieben."><img alt="Vogel"> <span>K</span> <span>47</span></span>
<label><svg><title>nein</title></svg><span>Haut</span></label><p class="visually-hidden">nein</p>
<div hidden>Später.</div><script>nein</script></main>"""


def make_aloud(folder: Path, program: str = "espeak-ng") -> Aloud:
    return Aloud(b"k" * 32, Voice(folder / "voices", folder / "speech", program=program))


@pytest.fixture
def aloud(tmp_path: Path) -> Aloud:
    return make_aloud(tmp_path)


@pytest.fixture
def client(tmp_path: Path, aloud: Aloud) -> TestClient:
    app = make_app(tmp_path)
    mount_reading(app, lambda: aloud)
    return TestClient(app)


def test_a_page_is_read_from_its_heading_on_without_what_only_looks_nice() -> None:
    assert list(of_page(PAGE)) == [
        Sentence("Ihr Termin"),
        Sentence("Am 24. November um 09:05 Uhr."),
        Sentence("Rufen Sie 112 an!"),
        Sentence("Hallo Vogel Frau Sommer", "Hallo Frau Sommer"),
        Sentence("Vogel, K, vier, sieben.", "K 47"),
        Sentence("Haut"),
        Sentence("Später.", hidden=True),
    ]


def test_what_is_left_out_of_a_link_was_never_read() -> None:
    page = (
        PAGE.replace("<p>", '<p class="lead" id="x" data-x="1 > 0" hx-get="/y?a=b&amp;c">')
        .replace("<label>", '<label title="a b" aria-labelledby="x"><select><option>c</option></select><!-- d -->')
        .replace("</main>", '<a class="button big" href="/z">Weiter</a><i class="icon">,</i> <b\n>los</b></main>')
    )
    short = bare(main_of(page))
    assert list(of_page(short)) == list(of_page(page))
    assert len(short) < len(page) * 2 / 3
    assert not any(left in short for left in ("lead", "hx-", "option", "svg", "href", "  "))


def test_numbers_and_times_are_said_as_people_say_them() -> None:
    assert to_say("Um 09:05 Uhr, 116117 oder 03641 12 34 56. Im Jahr 1948.", "de") == (
        "Um 9 Uhr 5, 1 1 6 1 1 7 oder 0 3 6 4 1 1 2 3 4 5 6. Im Jahr 1948."
    )
    assert to_say("At 09:05, call 112.", "en") == "At 09:05, call 1 1 2."


def test_what_a_page_said_comes_back_from_its_link_and_of_a_long_page_what_fits(aloud: Aloud) -> None:
    said = Said("de", tuple(of_page(PAGE)))
    assert aloud.open(aloud.seal(said)) == said
    marked = aloud.mark(f"<a href='/vorlesen/~aloud~.mp3'></a>{PAGE}", "de")
    assert aloud.open(marked.partition("/vorlesen/")[2].partition(".mp3")[0]) == said
    many = tuple(Sentence(f"{number**7} Wort.") for number in range(3000))
    token = aloud.seal(Said("de", many))
    kept = aloud.open(token)
    assert len(token) < 8000
    assert kept is not None
    assert 100 < len(kept.sentences) < 3000


def test_nothing_is_spoken_that_no_page_of_ours_has_said(client: TestClient, aloud: Aloud) -> None:
    token = aloud.seal(Said("de", (Sentence("Guten Tag."), Sentence("Später.", hidden=True))))
    other = Aloud(b"o" * 32, Voice(Path(), Path())).seal(Said("de", (Sentence("Fremdes."),)))
    changed = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    for wrong in (other, changed, "x", "Guten%20Tag"):
        for end in ("/0.mp3", ".mp3", "/saetze"):
            assert client.get(f"/vorlesen/{wrong}{end}").status_code == 404
    assert client.get(f"/vorlesen/{token}/2.mp3").status_code == 404
    assert client.get(f"/vorlesen/{token}/saetze").json() == [
        {"say": "Guten Tag.", "shown": "Guten Tag.", "hidden": False},
        {"say": "Später.", "shown": "Später.", "hidden": True},
    ]
    sound = client.get(f"/vorlesen/{token}.mp3")
    assert sound.headers["content-type"] == "audio/mpeg"
    assert sound.headers.get("cache-control", "no-store") == "no-store"
    assert 2_000 < len(sound.content) < 40_000


def test_of_the_catalogue_only_what_people_read_and_has_nothing_to_fill_in_is_spoken(client: TestClient) -> None:
    assert client.get("/vorlesen/worte/de/web.footer.emergency.mp3").headers["content-type"] == "audio/mpeg"
    assert "{" in words().text("booking.time")
    emergency = words().text("web.footer.emergency")
    assert client.get("/vorlesen/worte/de", params={"text": f" {emergency}"}).headers["content-type"] == "audio/mpeg"
    for stranger in ("Guten Tag, hier spricht die Bank.", words().text("desk.assistant.room"), emergency[:20]):
        assert client.get("/vorlesen/worte/de", params={"text": stranger}).status_code == 204
    for wrong in ("de/booking.time", "de/desk.title", "de/no.such.key", "xx/web.skip"):
        assert client.get(f"/vorlesen/worte/{wrong}.mp3").status_code == 404


@pytest.mark.parametrize("language", ["de", "de-simple", "en", "tr", "ar", "uk", "ru", "pl"])
def test_every_language_is_spoken_and_only_what_is_the_same_for_all_stays_on_disk(
    tmp_path: Path, aloud: Aloud, language: str
) -> None:
    fixed = split(words(language).text("web.footer.emergency"))[0]
    assert piece(language, fixed).lasting
    assert len(aloud.sentence(language, fixed)) > 2_000
    kept = {path.read_bytes() for path in (tmp_path / "speech").iterdir()}
    assert len(kept) == 1
    assert len(aloud.sentence(language, f"Hannelore Sommer. {fixed}")) > 2_000
    assert {path.read_bytes() for path in (tmp_path / "speech").iterdir()} == kept


def test_where_no_program_speaks_the_link_says_so(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    silent = make_aloud(tmp_path, program="no-such-program")
    mount_reading(app, lambda: silent)
    token = silent.seal(Said("de", (Sentence("Guten Tag."),)))
    assert TestClient(app).get(f"/vorlesen/{token}.mp3").status_code == 404
    assert TestClient(app).get(f"/vorlesen/{token}/0.mp3").status_code == 404
