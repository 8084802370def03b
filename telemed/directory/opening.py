"""Opening hours in words, as pages and papers say them."""

from datetime import time
from itertools import groupby

from babel.dates import get_day_names

from telemed.directory.calendar import Hours, Opening
from telemed.kit.i18n import Words


def opening_lines(hours: Hours, words: Words) -> list[tuple[str, str]]:
    """Opening hours for people: (days, times), equal days in a row together."""
    names = get_day_names("wide", locale=words.lang)
    lines = []
    for openings, group in groupby(range(7), key=lambda weekday: hours.by_weekday[weekday]):
        days = list(group)
        if openings:
            first, last = names[days[0]], names[days[-1]]
            several = words.text("booking.hours.days", first=first, last=last)
            lines.append((several if len(days) > 1 else first, _spans(openings, words)))
    return lines


def _spans(openings: tuple[Opening, ...], words: Words) -> str:
    """ "08:00 bis 12:00 Uhr und 13:00 bis 18:00 Uhr"."""
    each = (words.text("booking.hours.span", start=f"{one.start:%H:%M}", end=_closing(one)) for one in openings)
    return words.text("booking.hours.and").join(each)


def _closing(opening: Opening) -> str:
    return "24:00" if opening.end == time(0) else f"{opening.end:%H:%M}"
