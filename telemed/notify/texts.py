"""What a notice says: templates of a closed set, in the person's language; no name, doctor, specialty or reason."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from schemas.day import LANGUAGES
from telemed.kit.i18n import GERMAN, SIMPLE, words
from telemed.notify import sms
from telemed.notify.model import Kind

GERMAN_ONES = (GERMAN, SIMPLE)
HOME = ".home"
"""Ends the key of what is said differently to somebody who joins from where she is."""

OWN = ".own"
"""Ends the key of what is said of somebody's own doing, and not of ours."""


@dataclass(frozen=True)
class Said:
    """All that a template may contain: a moment, the place's name, minutes, a link on the own domain, a code.

    *by_herself*: it was as the person wished. *person*: her initials, for a relative.
    """

    time: datetime
    place: str
    minutes: int
    link: str
    zone: ZoneInfo
    is_home: bool = False
    code: str = ""
    by_herself: bool = False
    person: str = ""


def text(kind: Kind, said: Said, language: str, *, brief: bool = False) -> str:
    """One sentence or two. Without a *link* it ends before it, as on a screen that is tapped.

    *brief*: as a text message. Where that would take several, the day is said shortly.
    """
    full = _text(kind, said, language, DAY)
    return _text(kind, said, language, SHORT_DAY) if brief and sms.parts(full) > 1 else full


def _text(kind: Kind, said: Said, language: str, day: tuple[str, str]) -> str:
    told = spoken(language)
    key = f"notice.{kind.value}{_more(kind, said)}"
    given = {"time": moment(said.time, said.zone, told, day), "place": said.place, "minutes": said.minutes}
    filled = words(told).text(key, **given, link=said.link, code=said.code, person=said.person)
    return " ".join(filled.split())


def _more(kind: Kind, said: Said) -> str:
    if kind is Kind.COME_NOW and said.is_home:
        return HOME
    return OWN if kind is Kind.CANCELLED and said.by_herself else ""


def title(language: str) -> str:
    """The same for every notice: above a push notice, and a mail's subject."""
    return words(spoken(language)).text("notice.title")


def footer(language: str) -> str:
    """Below a mail."""
    return words(spoken(language)).text("notice.footer")


def spoken(language: str) -> str:
    """*language*, or German where we do not speak it."""
    return language if language in LANGUAGES else GERMAN


DAY = "EEEE, d. MMMM", "EEEE, d MMMM"
SHORT_DAY = "EEE d.M.", "EEE d.M"
"""Patterns of a day (Unicode TR 35): in German, and elsewhere."""


def moment(at: datetime, zone: ZoneInfo, language: str, patterns: tuple[str, str] = DAY) -> str:
    """Day and time in words: "Dienstag, 24. November, 9:20"."""
    local = at.astimezone(zone)
    pattern = patterns[language not in GERMAN_ONES]
    day = format_date(local.date(), pattern, locale=language.partition("-")[0])
    return f"{day}, {local.hour}:{local.minute:02d}"
