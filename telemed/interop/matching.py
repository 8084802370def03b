"""Whether one resource is what a search asks for: the conditions of a subscription, in the words of a search."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qsl

from telemed.booking import seeking
from telemed.booking.sought import Every, Is, Kept, Sought
from telemed.directory import service as directories
from telemed.directory import shelf as shelves
from telemed.directory.model import Directory, slot_of
from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.search import Query
from telemed.identity import scopes
from telemed.identity.allowed import program
from telemed.identity.model import Actor
from telemed.identity.scopes import Act
from telemed.interop import looking, wanted
from telemed.kit.db import Tx


def understood(kind: str, text: str, known: Directory) -> Query:
    """A condition as a search of *kind*; nothing of it is passed over.

    Raises:
        OffTheWire: not a type that is served.
        Malformed: something in it is not understood, or says how to answer rather than what to look for.
    """
    query = looking.query_of(kind, parse_qsl(text, keep_blank_values=True), known)
    if query.ignored or not query.criteria or len(query.applied) != len(query.criteria):
        raise Malformed([Issue("not-supported", "a condition is a search with parameters that are understood here")])
    if kind == "Slot" and any(one.name != "schedule" or one.chain for one in query.criteria):
        raise Malformed([Issue("not-supported", "slots are narrowed by their schedule")])
    return query


def may_see(tx: Tx, actor: Actor, kind: str, resource_id: str, texts: Iterable[str], *, now: datetime) -> bool:
    """Whether *actor*, a program, may read this resource, and it fits each of these conditions on its type."""
    if not any(scopes.permits(actor, kind, act) for act in (Act.READ, Act.SEARCH)):
        return False
    known = directories.load(tx)
    queries = [understood(kind, text, known) for text in texts]
    match kind:
        case "Appointment":
            shelf = shelves.load(tx)
            where = [wanted.wanted(query, known, shelf.named_by) for query in queries]
            itself = Is(Kept.ID, frozenset({resource_id}))
            found = seeking.seek(tx, Sought(Every((itself, *where)), limit=0), asker=program(actor, now))
            return found.total > 0
        case "Slot":
            schedule = f"Schedule/{(slot_of(resource_id) or ('',))[0]}"
            return all(schedule in one.references for query in queries for one in query.criteria)
        case _:
            shelf = shelves.load(tx)
            return all(any(one.id == resource_id for one in shelf.find(kind, query.criteria)) for query in queries)
