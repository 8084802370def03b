"""The values of one visit, in memory only and until the farewell: whose they are said to be, and what is still asked.

A series is what one request brought: a single value, or the newest of a device that goes on measuring. Whoever says
whose finger is in the clip says it for all that the clip sends until it is asked for again.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from room_agent.devices.observation import with_answer
from schemas.measurement import Confirmed, ConfirmedBy, Vital
from schemas.visit import Line, SheetLine, ToConfirm


@dataclass(frozen=True)
class Answer:
    """What somebody said: *belongs* to the person in this visit, or not."""

    belongs: bool
    by: ConfirmedBy
    at: datetime


@dataclass(frozen=True)
class Entry:
    """One measurement: its Observations as they were made, and the same as people read it."""

    vitals: tuple[Vital, ...]
    lines: tuple[Line, ...]
    taken: datetime


class Record:
    """Of one visit."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._answers: dict[int, list[Answer]] = {}
        self._series_of: dict[str, int] = {}

    def add(self, series: int, entry: Entry) -> tuple[Vital, ...]:
        """Keep the newest of its *series*; what the doctors are to get."""
        self._entries[series] = entry
        self._series_of |= {vital.vital_id: series for vital in entry.vitals}
        return self._of(series)

    def answer(self, vital_id: str, answer: Answer) -> tuple[Confirmed, ...]:
        """Note what somebody said; what everybody is told, nothing if it is not theirs to say.

        The people in the room answer what they are asked, once. The doctor has asked aloud and may correct it.
        """
        series = self._series_of.get(vital_id)
        if series is None or (answer.by is not ConfirmedBy.DOCTOR and series in self._answers):
            return ()
        self._answers.setdefault(series, []).append(answer)
        told = dict.fromkeys((vital_id, *(vital.vital_id for vital in self._entries[series].vitals)))
        return tuple(Confirmed(vital_id=each, belongs=answer.belongs, by=answer.by, at=answer.at) for each in told)

    def vitals(self) -> tuple[Vital, ...]:
        """Everything that belongs to this visit, for a doctor who comes later or missed something."""
        return tuple(chain.from_iterable(self._of(series) for series in self._entries))

    def _of(self, series: int) -> tuple[Vital, ...]:
        return tuple(self._answered(vital, series) for vital in self._entries[series].vitals)

    def _answered(self, vital: Vital, series: int) -> Vital:
        answers = self._answers.get(series, [])
        observation = vital.observation
        for each in answers:
            observation = with_answer(observation, belongs=each.belongs, by=each.by, at=each.at)
        by = answers[-1].by if answers else ConfirmedBy.NOBODY
        return vital.model_copy(update={"observation": observation, "confirmed_by": by})

    @property
    def question(self) -> ToConfirm | None:
        """The oldest value of which nobody in the room has said whose it is."""
        for series, entry in self._entries.items():
            if series not in self._answers and entry.lines:
                first = entry.vitals[0]
                return ToConfirm(
                    vital_id=first.vital_id, kind=first.kind, device_name=first.device_name, lines=entry.lines
                )
        return None

    def series_of(self, vital_id: str) -> int | None:
        return self._series_of.get(vital_id)

    def sheet(self) -> tuple[SheetLine, ...]:
        """For the patient's hand: everything but what is said to be somebody else's."""
        found = []
        for series, entry in self._entries.items():
            said = self._answers.get(series, [])
            if said and not said[-1].belongs:
                continue
            name = entry.vitals[0].device_name
            found += [
                SheetLine(**line.model_dump(), at=entry.taken, device_name=name, confirmed=bool(said))
                for line in entry.lines
            ]
        return tuple(found)

    def forget(self) -> None:
        """The farewell."""
        self._entries.clear()
        self._answers.clear()
        self._series_of.clear()
