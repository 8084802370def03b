"""Three faces without a person, the accessibility statement with its form, and what the operator reads of both."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.directory import service as directory
from telemed.feedback import service
from telemed.feedback.model import Face, Help
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.refusal import Refusal, Sense
from telemed.kit.tries import Tries, place_of
from telemed.privacy.service import operator_of
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Boss = Annotated[Actor, Depends(Needs(Right.OPERATE))]

FACES = "/rueckmeldung"
ACCESS = "/barrierefreiheit"
READ = "/betrieb/rueckmeldungen"
FACE_PICTURES = {Face.GOOD: "smile", Face.MIDDLING: "meh", Face.BAD: "frown"}
HELP_PICTURES = {
    Help.BOOKING: "calendar",
    Help.DEVICES: "stethoscope",
    Help.HEARING: "ear",
    Help.WAY: "map-pin",
    Help.OTHER: "circle-question-mark",
}
LONGEST = 2000
STATED_ON = datetime(2026, 11, 26, 12, tzinfo=UTC)
"""When the accessibility statement was last looked through; the law asks for it once a year (BITV 2.0, § 7)."""


class SaidTooOften(Refusal):
    """Too much was sent from there."""

    sense = Sense.TOO_OFTEN
    key = "access.report.often"


class FeedbackTries(Tries):
    """Answers and reports per address: sixty in ten minutes, for a whole house or a seniors' café may sit behind it."""

    def __init__(self) -> None:
        super().__init__(60, timedelta(minutes=10), too_many=SaidTooOften)


@routes.get(FACES)
def ask(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """How was it? One press."""
    return _page(request, centre, "feedback/faces.html", faces=FACE_PICTURES)


@routes.post(FACES)
def say(request: Request, centre: CentreDep, _actor: Anyone, face: Annotated[Face, Form()]) -> RedirectResponse:
    """Count it; who it was is not known here, and from which appointment neither."""
    with _tries(centre).kept(_place(request)), centre.db.transaction() as tx:
        service.say(tx, face, now=centre.clock.now())
    return RedirectResponse(f"{FACES}/danke", status_code=303)


@routes.get(f"{FACES}/danke")
def thanks(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Thanks, and with what help was wished for, if with anything."""
    return _page(request, centre, "feedback/thanks.html", helps=HELP_PICTURES)


@routes.post(f"{FACES}/danke")
def wish(request: Request, centre: CentreDep, _actor: Anyone, help_with: Annotated[Help, Form()]) -> RedirectResponse:
    """Count with what help was wished for, apart from the face."""
    with _tries(centre).kept(_place(request)), centre.db.transaction() as tx:
        service.say(tx, help_with, now=centre.clock.now())
    return RedirectResponse(f"{FACES}/ende", status_code=303)


@routes.get(f"{FACES}/ende")
def end(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """That was all."""
    return _page(request, centre, "feedback/end.html")


@routes.get(ACCESS)
def statement(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """How far everybody can use these pages, what is lacking, and a form for what hinders somebody."""
    return _statement(request, centre)


@routes.post(ACCESS)
def report(
    request: Request,
    centre: CentreDep,
    actor: Anyone,
    text: Annotated[str, Form(max_length=LONGEST)] = "",
    page: Annotated[str, Form(max_length=200)] = "",
    contact: Annotated[str, Form(max_length=100)] = "",
) -> HTMLResponse:
    """Keep it for the operator, sealed; whoever leaves a contact is answered."""
    typed = {"text": text.strip(), "page": page.strip(), "contact": contact.strip()}
    if not typed["text"]:
        return _statement(request, centre, typed=typed, error="access.report.none", status=422)
    now = centre.clock.now()
    barrier = service.new_barrier(**typed, now=now)
    with _tries(centre).kept(_place(request)), centre.db.transaction() as tx:
        service.report(tx, centre.secrets, barrier, actor=actor, now=now)
    return _page(request, centre, "feedback/reported.html", contact=typed["contact"])


@routes.get(READ)
def read(request: Request, centre: CentreDep, actor: Boss) -> HTMLResponse:
    """Counts of five and more, and reports of barriers that wait for an answer."""
    with centre.db.transaction() as tx:
        months = service.months(tx)
        reports = service.reports(tx, centre.secrets, actor=actor, now=centre.clock.now())
    shown: dict[str, Any] = {"months": months, "reports": reports, "faces": FACE_PICTURES, "helps": HELP_PICTURES}
    return centre.the(Pages).render(request, "feedback/read.html", **shown)


@routes.post(f"{READ}/{{barrier_id}}/erledigt")
def answered(barrier_id: str, centre: CentreDep, actor: Boss) -> RedirectResponse:
    """It is mended or answered: the report is erased."""
    with centre.db.transaction() as tx:
        service.answered(tx, barrier_id, actor=actor, now=centre.clock.now())
    return RedirectResponse(READ, status_code=303)


def _statement(
    request: Request, centre: Centre, *, typed: dict[str, str] | None = None, error: str = "", status: int = 200
) -> HTMLResponse:
    shown: dict[str, Any] = {"typed": typed or {"text": "", "page": "", "contact": ""}, "error": error}
    return _page(request, centre, "feedback/access.html", stated_on=STATED_ON, status=status, **shown)


def _page(request: Request, centre: Centre, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    with centre.db.reading() as tx:
        known, operator = directory.load(tx), operator_of(tx)
    return centre.the(Pages).render(request, template, status=status, known=known, operator=operator, **shown)


def _tries(centre: Centre) -> FeedbackTries:
    tries: FeedbackTries = centre.live.setdefault(FeedbackTries, FeedbackTries())
    return tries


def _place(request: Request) -> str:
    return place_of(request.client.host if request.client else "")
