"""Mutations that repeat honestly signed things elsewhere, later, or to whom has said them."""

from schemas.trust import LONGEST_AGE_S, Hello
from telemed.kit.trust import Handshake, Me
from tests.malice.world import Json, World


def _honest_elsewhere(world: World, me: Me, far: Me) -> Json:
    """Between other ends, or of another visit: honestly signed there."""
    mine = Handshake(me)
    shake = world.shaken(far, mine, me=me)
    return world.sealed(far, shake, attempt=world.attempt)


def _other_visit(world: World, me: Me) -> Me:
    return Me(world.visit_id + "0", me.peer_id, me.role, me.key, me.fingerprint)


def description_of_another_visit(world: World) -> None:
    world.mutant.said = _honest_elsewhere(world, _other_visit(world, world.me), _other_visit(world, world.far))


def all_of_another_visit(world: World) -> None:
    """Hello and descriptions."""
    me, far = (_other_visit(world, each) for each in (world.me, world.far))
    shake = world.shaken(far, Handshake(me), me=me)
    world.mutant.hellos = [shake.hello().model_dump(mode="json")]
    world.mutant.before = []
    world.mutant.said = world.sealed(far, shake, attempt=world.attempt)


def description_for_another_peer(world: World) -> None:
    me = Me(world.visit_id, "peer-other", world.me.role, world.me.key, world.me.fingerprint)
    world.mutant.said = _honest_elsewhere(world, me, world.far)


def description_of_another_peer(world: World) -> None:
    far = Me(world.visit_id, "peer-other", world.far.role, world.far.key, world.far.fingerprint)
    world.mutant.said = _honest_elsewhere(world, world.me, far)


def all_of_another_peer(world: World) -> None:
    """The other end's hello and description under another peer_id than it has."""
    far = Me(world.visit_id, "peer-other", world.far.role, world.far.key, world.far.fingerprint)
    world.mutant = world.by(far, hub_says=world.far)


def description_of_my_earlier_run(world: World) -> None:
    """The same ends, but this end's nonce was another one."""
    world.mutant.said = _honest_elsewhere(world, world.me, world.far)


def all_of_my_earlier_run(world: World) -> None:
    shake = world.shaken(world.far, Handshake(world.me))
    world.mutant.hellos = [shake.hello().model_dump(mode="json")]
    world.mutant.before = []
    world.mutant.said = world.sealed(world.far, shake, attempt=world.attempt)


def the_same_again(world: World) -> None:
    world.mutant.before = [*world.mutant.before, world.mutant.said]


def an_earlier_attempt_again(world: World) -> None:
    """After the newest; for an answer: the one to an offer before this end's newest."""
    shake = world.shaken(world.far)
    world.mutant.hellos = [shake.hello().model_dump(mode="json")]
    numbers = range(1, world.attempt + 2)
    said = [world.sealed(world.far, shake, attempt=number) for number in numbers]
    world.mutant.said = world.random.choice(said[:-1])
    if world.mutant.offered:
        world.mutant.offered = world.attempt + 1
    else:
        world.mutant.before = said


def an_answer_to_no_offer(world: World) -> None:
    """The number is higher than any that this end has offered; of an offerer: its own kind comes as an answer."""
    if not world.mutant.offered:
        attempt_changed(world)
        return
    shake = world.shaken(world.far)
    world.mutant.hellos = [shake.hello().model_dump(mode="json")]
    world.mutant.said = world.sealed(world.far, shake, attempt=world.attempt + world.random.randint(1, 5))


def attempt_changed(world: World) -> None:
    world.mutant.said["attempt"] += world.random.choice((1, 2, 1000))


def kind_changed(world: World) -> None:
    world.mutant.said["type"] = "answer" if world.kind == "offer" else "offer"


def kept_back_too_long(world: World) -> None:
    world.mutant.now_ms += 1000 * (LONGEST_AGE_S + world.random.randint(1, 10**6))


def from_the_future(world: World) -> None:
    world.mutant.now_ms -= 1000 * (LONGEST_AGE_S + world.random.randint(1, 10**6))


def at_ms_moved(world: World) -> None:
    world.mutant.said["at_ms"] += world.random.choice((-1, 1, 250, -60_000))


def kept_back_and_at_ms_moved(world: World) -> None:
    later = 1000 * (LONGEST_AGE_S + world.random.randint(1, 10**6))
    world.mutant.now_ms += later
    for said in (*world.mutant.before, world.mutant.said):
        said["at_ms"] += later


def my_own_reflected(world: World) -> None:
    """What this end has said to the other comes back, as if from the other or from this end itself."""
    hello, shake = world.mine.hello(), Handshake(world.me, draw=iter(world.my_draws).__next__)
    shake.greeted(Hello.model_validate(world.honest.hellos[0]), peer_id=world.far.peer_id, role=world.far.role)
    world.mutant.said = world.sealed(world.me, shake, attempt=world.attempt, kind=world.my_kind)
    if world.random.random() < 0.5:
        kind_changed(world)
    if world.random.random() < 0.5:
        world.mutant.hellos = [hello.model_dump(mode="json")]
        world.mutant.before = []
        told = world.random.choice((world.me, world.far))
        world.mutant.far = {"peer_id": told.peer_id, "role": told.role.value}
