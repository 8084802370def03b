"""How a route declares the right that it needs; a route without one fails a test."""

from starlette.requests import HTTPConnection

from telemed.identity import service
from telemed.identity.model import ANYONE, Actor, Right, Role, holds
from telemed.kit.refusal import NotAllowed, NotSignedIn
from telemed.web.centre import centre_of

SESSION_COOKIE = "__Host-telemed"


class Needs:
    """A dependency: the actor, who holds *right*.

    Use as ``actor: Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]``.
    """

    def __init__(self, right: Right) -> None:
        self.right = right

    def __call__(self, connection: HTTPConnection) -> Actor:
        """
        Raises:
            NotSignedIn: nobody is signed in.
            NotAllowed: who is signed in does not hold the right.
        """
        actor = _actor(connection)
        if not holds(actor, self.right):
            raise NotSignedIn if actor.role is Role.ANYONE else NotAllowed
        return actor


def _actor(connection: HTTPConnection) -> Actor:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    bearer = token if kind.lower() == "bearer" else None
    session = connection.cookies.get(SESSION_COOKIE)
    if not bearer and not session:
        return ANYONE
    centre = centre_of(connection)
    with centre.db.reading() as tx:
        found = service.who(tx, session=session, bearer=bearer, now=centre.clock.now())
    return found or ANYONE
