"""A real browser whose page is frozen is found from outside, and started anew."""

import os
import signal
import threading
from pathlib import Path

import pytest

from signage.alive import Patience, asked, watch
from tests.e2e.chromium import EXECUTABLE, FLAGS
from tests.e2e.monitor_scene import shown
from tests.e2e.stage import wait_for

pytestmark = pytest.mark.e2e

PATIENCE = Patience(silent_s=7.0, first_s=30.0, look_s=0.2)


def renderers(word: str) -> list[int]:
    """The processes that draw pages for the browser with *word* in its command line."""
    found, sessions = {}, set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            session = os.getsid(int(entry.name))
        except (OSError, UnicodeDecodeError):
            continue
        found[int(entry.name)] = (session, command)
        if word in command:
            sessions.add(session)
    return [pid for pid, (session, command) in found.items() if session in sessions and "--type=renderer" in command]


def test_a_frozen_page_is_started_anew(tmp_path: Path) -> None:
    profile, stop = tmp_path / "profile-of-the-frozen-page", threading.Event()
    with shown(tmp_path) as program:
        program.board()
        command = [EXECUTABLE, "--headless=new", *FLAGS, f"--user-data-dir={profile}", program.url]
        watching = threading.Thread(
            target=lambda: watch(command, program.url, stop, times=1, patience=PATIENCE), daemon=True
        )
        watching.start()
        try:
            wait_for(lambda: (asked(program.url) or 0) > 0, timeout_s=30, what="the page lives")
            frozen = renderers(profile.name)
            assert frozen
            told = asked(program.url) or 0
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            wait_for(lambda: not {*frozen} & {*renderers(profile.name)}, timeout_s=20, what="the frozen page is gone")
            wait_for(lambda: (asked(program.url) or 0) > told, timeout_s=30, what="the new page lives")
        finally:
            stop.set()
            watching.join(20)
        assert not watching.is_alive()
