"""What is taken in the city: visits with all their buffers, and what else keeps people and things busy."""

from random import Random

from telemed.booking.ground import rules
from telemed.booking.planner import Window, runs, ticks_in
from telemed.directory.model import Actor, Device, Directory, Room
from tests.bench.issue_b import city

LENGTHS = (4, 6, 6, 6, 9)
"""Ticks of a visit."""
TRIES = 8
"""So many doctors are asked before a visit is given up."""


class Diary:
    """A resource's ticks, ``1`` where claimed, and the share of its open time that shall be."""

    def __init__(self, directory: Directory, window: Window, actor: Actor, share: float) -> None:
        # a device is in use only while its room is open
        opens = directory.rooms[actor.room_id] if isinstance(actor, Device) else actor
        self.open = rules(directory, window).opened(opens)
        self.ticks = bytearray(b"0" * window.ticks)
        self.before, self.after = ticks_in(actor.buffers.before), ticks_in(actor.buffers.after)
        self.wanted = int(share * self.open.bit_count())
        self.taken = 0

    def can(self, first: int, last: int) -> bool:
        """Whether a visit of these ticks can be taken on."""
        run = (1 << last - first) - 1
        is_open = self.open >> first & run == run
        unclaimed = self.ticks.find(b"1", first - self.before, last + self.after) < 0
        return is_open and unclaimed and self.taken < self.wanted

    def take(self, first: int, last: int) -> None:
        first, last = first - self.before, last + self.after
        self.ticks[first:last] = b"1" * (last - first)
        self.taken += (self.open >> first & (1 << last - first) - 1).bit_count()

    def mask(self) -> int:
        return int(self.ticks[::-1], 2)

    def fill(self, rng: Random) -> None:
        """Other work in the gaps, until the share is reached."""
        gaps = list(runs(self.open & ~self.mask()))
        while self.taken < self.wanted:
            number = rng.randrange(len(gaps))
            first, last = gaps[number]
            length = min(rng.choice(LENGTHS), last - first, self.wanted - self.taken)
            begins = rng.randrange(first, last - length + 1)
            self.ticks[begins : begins + length] = b"1" * length
            self.taken += length
            rest = [gap for gap in ((first, begins), (begins + length, last)) if gap[0] < gap[1]]
            gaps[number : number + 1] = rest


class Days:
    """The visits of the city, drawn room by room."""

    def __init__(self, share: float, window: Window = city.WINDOW) -> None:
        known = city.directory()
        self.rng = Random(f"{city.SEED} {share}")
        self.share = share
        actors: list[Actor] = [
            *known.doctors.values(),
            *known.assistants.values(),
            *known.rooms.values(),
            *known.devices.values(),
        ]
        self.diaries = {actor.id: Diary(known, window, actor, share) for actor in actors}
        self.doctors = list(known.doctors)
        self.known = known

    def masks(self) -> dict[str, int]:
        """Claimed ticks by resource."""
        for room in self.known.rooms.values() if self.share else ():
            self._visits(room)
        for diary in self.diaries.values():
            diary.fill(self.rng)
        return {actor_id: diary.mask() for actor_id, diary in self.diaries.items()}

    def _visits(self, room: Room) -> None:
        """One after the other, with pauses that leave the wanted share."""
        assistants = [one.id for one in self.known.assistants_at("helper", room.id)]
        devices = [one.id for one in self.known.devices_in(room.id)]
        pause = 1 / (8 * (1 - self.share) / self.share + 1e-9)
        for first, last in runs(self.diaries[room.id].open):
            at = first
            while at < last:
                at += int(self.rng.expovariate(pause))
                end = at + self.rng.choice(LENGTHS)
                self._visit(room.id, assistants, devices, (at, end))
                at = end + 1

    def _visit(self, room_id: str, assistants: list[str], devices: list[str], ticks: tuple[int, int]) -> None:
        doctor = self._one_of(self.rng.sample(self.doctors, TRIES), ticks)
        assistant = self._one_of(self.rng.sample(assistants, len(assistants)), ticks)
        if doctor and assistant and self.diaries[room_id].can(*ticks):
            used = self.rng.sample(devices, min(len(devices), self.rng.randrange(4)))
            for actor_id in (doctor, assistant, room_id, *(one for one in used if self.diaries[one].can(*ticks))):
                self.diaries[actor_id].take(*ticks)

    def _one_of(self, ids: list[str], ticks: tuple[int, int]) -> str:
        return next((one for one in ids if self.diaries[one].can(*ticks)), "")
