"""An appointment as a calendar file that updates itself: the same UID, a rising SEQUENCE (RFC 5545, RFC 5546)."""

from dataclasses import dataclass
from datetime import datetime

from icalendar import Calendar, Event
from icalendar.enums import CLASS, STATUS

from telemed.kit.i18n import words
from telemed.notify.texts import spoken

PRODUCT = "-//telemed//appointment//DE"


@dataclass(frozen=True)
class Entry:
    """What a calendar may know: no name, doctor, specialty or reason, since it rings on a locked screen.

    *uid* stays when the appointment is moved; *sequence* is higher for each later version.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    place: str
    link: str
    changed_at: datetime
    is_cancelled: bool = False
    language: str = "de"


def to_ics(entry: Entry) -> bytes:
    """The file, as ``text/calendar; charset=utf-8``; METHOD is PUBLISH, or CANCEL."""
    told = words(spoken(entry.language))
    event = Event.new(
        uid=entry.uid,
        sequence=entry.sequence,
        stamp=entry.changed_at,
        last_modified=entry.changed_at,
        start=entry.start,
        end=entry.end,
        summary=told.text("notice.calendar.summary"),
        location=entry.place,
        url=entry.link or None,
        classification=CLASS.PRIVATE,
        status=STATUS.CANCELLED if entry.is_cancelled else STATUS.CONFIRMED,
    )
    made = Calendar.new(uid=entry.uid, method=method(entry), prodid=PRODUCT, subcomponents=[event])
    data: bytes = made.to_ical()
    return data


def method(entry: Entry) -> str:
    return "CANCEL" if entry.is_cancelled else "PUBLISH"
