"""Power cuts in the room's journal: an ext4 in a loop file, a writer that says what it has kept, copies of the disk.

The copy is what a machine would find after the cut: what reached the disk, without what was only in memory (the
pages of the inner file system never reach the file under the loop device before they are written out). The writer
stands still while the disk is copied, and the copy counts only if nothing reached the disk meanwhile.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from room_agent.journal import Journal
from schemas.day import FactKind
from telemed.kit.ids import new_id
from tests.room_agent.world import NOON, fact, plan, visit

ROOT = Path(__file__).resolve().parents[2]
SIZE_MIB = 16
LONGEST_LIFE_S = 0.06
"""The writer works for up to so long between two cuts."""
JOURNAL = "journal.sqlite"


@dataclass
class Said:
    """What the writer has said is kept: facts, those of them that the centre has, and the newest plan."""

    facts: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    plan: int = 0
    plans: int = 0
    pending: bytes = b""

    def hear(self, more: bytes) -> None:
        *lines, self.pending = (self.pending + more).split(b"\n")
        for line in lines:
            kind, _, rest = line.decode().partition(" ")
            match kind:
                case "fact":
                    self.facts.add(rest)
                case "taken":
                    self.taken.add(rest)
                case "plan":
                    self.plan = int(rest)
                    self.plans += 1


@dataclass
class Found:
    """Over all cuts."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    corrupt: int = 0
    midway: int = 0
    """Cuts in the middle of a transaction: SQLite had to roll back."""
    seconds: float = 0.0
    why: set[str] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        return self.cuts > 0 and self.acknowledged > 0 and not self.lost and not self.corrupt

    def __str__(self) -> str:
        return (
            f"{self.cuts} power cuts, {self.midway} within a transaction, {self.acknowledged} entries "
            f"acknowledged, {self.lost} lost, {self.corrupt} corrupt, {self.seconds:.1f} s"
        )


def cuts(count: int, *, seed: int, safe: bool = True) -> Found:
    """Cut the power *count* times. Not *safe*: the control, a journal that does not wait for the disk.

    Raises:
        PermissionError: only root may mount.
    """
    if os.geteuid():
        raise PermissionError("a power cut is made with a loop device, and only root may have one")
    found, chance, began = Found(), random.Random(seed), time.monotonic()
    with _world() as (image, copy, mounted), _writer(mounted, safe=safe) as writer:
        said = Said()
        for _ in range(count):
            _live(writer, said, chance.uniform(0.0, LONGEST_LIFE_S))
            _cut(writer, said, image, copy)
            _compare(copy, said, found)
            writer.send_signal(signal.SIGCONT)
        found.acknowledged = len(said.facts) + len(said.taken) + said.plans
    found.seconds = time.monotonic() - began
    return found


def _run(*command: str | Path) -> str:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.strip()}"
    return done.stdout.strip()


@contextmanager
def _world() -> Iterator[tuple[Path, Path, Path]]:
    """An empty disk in a file, mounted; and where copies of it go."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="powercut-", dir=build) as name, ExitStack() as stack:
        image, copy = Path(name) / "disk.img", Path(name) / "copy.img"
        image.write_bytes(b"")
        os.truncate(image, SIZE_MIB << 20)
        _run("mkfs.ext4", "-q", "-F", image)
        yield image, copy, stack.enter_context(_mounted(image))


@contextmanager
def _mounted(image: Path) -> Iterator[Path]:
    """*image* as a disk of this machine; after a cut ext4 plays its own journal back."""
    device = _run("losetup", "--find", "--show", "--direct-io=on", image)
    try:
        with TemporaryDirectory(prefix="powercut-mount-") as name:
            _run("mount", device, name)
            try:
                yield Path(name)
            finally:
                _run("umount", name)
    finally:
        _run("losetup", "--detach", device)


@contextmanager
def _writer(folder: Path, *, safe: bool) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.crash.powercut", str(folder / JOURNAL), "safe" if safe else "hasty"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _live(writer: subprocess.Popen[bytes], said: Said, life_s: float) -> None:
    """Let the writer work: until it has said something, and then for *life_s*."""
    known = len(said.facts)
    deadline = time.monotonic() + 60
    while len(said.facts) == known:
        assert writer.poll() is None, "the writer ended"
        assert time.monotonic() < deadline, "the writer says nothing"
        time.sleep(0.001)  # the pause between two looks
        _listen(writer, said)
    time.sleep(life_s)  # the moment of the cut is meant to be any


def _listen(writer: subprocess.Popen[bytes], said: Said) -> None:
    assert writer.stdout is not None
    while more := writer.stdout.read(1 << 16):
        said.hear(more)


def _cut(writer: subprocess.Popen[bytes], said: Said, image: Path, copy: Path) -> None:
    """Stop the writer wherever it is, hear its last words, and copy the disk as it is at that moment."""
    writer.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, writer.pid, os.WSTOPPED | os.WNOWAIT)
    _listen(writer, said)
    while True:
        before = image.read_bytes()
        copy.write_bytes(before)
        if sha256(before).digest() == sha256(image.read_bytes()).digest():
            return


def _compare(copy: Path, said: Said, found: Found) -> None:
    """What is on the copy against what was said."""
    found.cuts += 1
    with _mounted(copy) as folder:
        found.midway += _rolled_back(folder / f"{JOURNAL}-journal")
        try:
            kept = _kept(folder / JOURNAL)
        except Exception as error:  # whatever a broken file does to whoever reads it
            found.corrupt += 1
            found.lost += len(said.facts)
            found.why.add(f"cut {found.cuts}: {type(error).__name__}")
            return
    found.lost += len(said.facts - kept.facts) + len(said.taken - kept.taken) + (kept.plan < said.plan)


def _rolled_back(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _kept(path: Path) -> Said:
    """What the agent would know after the cut.

    Raises:
        AssertionError: SQLite says that the file is broken.
    """
    journal = Journal(path)
    try:
        checked = journal._db.execute("PRAGMA integrity_check").fetchone()[0]
        assert checked == "ok", "integrity"
        facts = {each.fact_id for each in journal.facts()}
        waiting = {each.fact_id for each in journal.untaken()}
        today = journal.plan()
        return Said(facts, facts - waiting, today.seq if today else 0)
    finally:
        journal.close()


def write(path: Path, *, safe: bool) -> None:
    """The writer: for ever facts, what the centre took, and new plans; each said when the journal has it."""
    journal = Journal(path)
    if not safe:
        journal._db.execute("PRAGMA synchronous=OFF")
    day = NOON.date()
    for seq in range(1, sys.maxsize):
        made = fact(FactKind.ARRIVED)
        journal.record(made, day)
        _say(f"fact {made.fact_id}")
        if seq % 2:
            journal.taken([made.fact_id])
            _say(f"taken {made.fact_id}")
        if seq % 5 == 0:
            journal.keep_plan(plan(*(visit(new_id()) for _ in range(10)), day=day, seq=seq))
            _say(f"plan {seq}")


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())  # whole, whenever the writer is stopped


if __name__ == "__main__":
    write(Path(sys.argv[1]), safe=sys.argv[2] == "safe")
