"""All mutations, in turn."""

import copy
from collections.abc import Callable, Iterator
from random import Random

from tests.malice import claims, descriptions, replays
from tests.malice.world import World

Move = Callable[[World], None]
MOVES: dict[str, Move] = {
    name: made
    for module in (descriptions, replays, claims)
    for name, made in vars(module).items()
    if callable(made) and getattr(made, "__module__", "") == module.__name__ and not name.startswith("_")
}
SMALL: tuple[Move, ...] = (
    descriptions.fingerprints_swapped,
    descriptions.signature_bit_flipped,
    claims.reveal_changed,
    claims.nonce_changed,
    replays.attempt_changed,
    replays.at_ms_moved,
)
"""What may come on top of another mutation."""


def setups(seed: str, count: int) -> Iterator[tuple[str, World]]:
    """So many worlds, each with one mutation, of each kind in turn; every fourth has a second one on top."""
    random, moves = Random(seed), list(MOVES.items())
    for number in range(count):
        name, move = moves[number % len(moves)]
        world = World(random)
        move(world)
        if random.random() < 0.25:
            on_top(world, random.choice(SMALL))
        yield name, world


def on_top(world: World, more: Move) -> None:
    """If there is still what it changes, and if it does not undo the first (a second moved forth, then back)."""
    first = copy.deepcopy(world.mutant)
    try:
        more(world)
    except (AssertionError, KeyError, IndexError):
        return
    if world.mutant == world.honest:
        world.mutant = first
