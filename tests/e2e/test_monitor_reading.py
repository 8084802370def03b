"""The blur test in small: codes are read at the model's size, and hardly at a third of it. The bench reads 200 boards,
and compares with half the size."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from signage.layout import Layout
from tests.e2e.monitor_reading import Read, random_boards, read_board, smallest_face
from tests.e2e.monitor_scene import opened, shown

pytestmark = pytest.mark.e2e

BOARDS = 3


def read_all(browser: Browser, folder: Path, times: float) -> Read:
    total = Read()
    with shown(folder, smallest_face(Layout.WAITING_ROOM, times)) as program, opened(browser, program) as page:
        for given in random_boards(7, BOARDS):
            total += read_board(program, page, **given)
    return total


def test_codes_are_read_with_visus_0_3_and_hardly_at_a_third_of_their_size(browser: Browser, tmp_path: Path) -> None:
    read, third = read_all(browser, tmp_path, 1.0), read_all(browser, tmp_path, 1 / 3)
    print(f"{read.right} of {read.codes} codes, at a third of the size {third.right}")  # noqa: T201 - the count of this run
    assert read.codes == third.codes >= BOARDS
    assert read.right >= read.codes - 1
    assert third.right <= read.codes / 2
