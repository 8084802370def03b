"""A program that talks to the centre; the world that it finds is each file's own."""

import pytest

from tests.builders import World
from tests.interop.program import Program


@pytest.fixture
def program(world: World) -> Program:
    return Program(world)
