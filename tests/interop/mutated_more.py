"""Whatever else takes input, broken: directory writes, Bundles, IHE, Subscriptions, tokens and links."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from telemed.identity.client_model import TOKEN_PATH
from telemed.interop.links_routes import MANIFEST
from telemed.interop.writing import WRITTEN
from telemed.kit.clock import Clock
from telemed.kit.ids import to_base64
from telemed.subscribe.fhir import HEARTBEAT, MAX_COUNT, TIMEOUT
from tests.builders import SERVICE, quarter
from tests.identity.programs import FORM, Signer
from tests.interop.mutated import EXAMPLES, KNOWN, PATIENTS, TEXTS, book, own, patch, read, search
from tests.interop.mutating import HEADERS, Sent, dressed, mostly
from tests.interop.program import parameters, resource
from tests.subscribe.stage import ANY_APPOINTMENT, CANCELLED, DELAY, GENERIC, UPDATED, wish


@dataclass(frozen=True)
class Ground:
    """What there is to be named. *now*: when it began; *offers*: ids of ``$find``; *signer*: a registered program."""

    now: datetime
    clock: Clock
    offers: Sequence[str]
    subscription: str
    signer: Signer


def _kept() -> list[dict[str, Any]]:
    """What may be kept: the examples of the standards, and the quarter's own."""
    isik = ("HealthcareService-ISiKMedizinischeBehandlungseinheitExample", "Schedule-ISiKKalenderExample")
    examples = [*(read(f"isik/{one}.json") for one in isik), read("ihe/example-practitioner.json")]
    return [*examples, *(dict(one) for one in quarter())]


KEPT = [one for one in _kept() if one["resourceType"] in WRITTEN]
IDS = ("own-1", "own-2", "own-3", "room-1", "weiss", "role-brandt", "x" * 65, "%20", "_history", "ä", "a b", "..", "$x")


def written(random: Random, _ground: Ground) -> Sent:
    """Something of the directory made, changed, deleted, or what it was before read."""
    base = random.choice(KEPT)
    kind, method = base["resourceType"], random.choice(("POST", "POST", "PUT", "PUT", "PUT", "DELETE", "GET"))
    if method == "GET":
        number = random.choice(("", "/1", "/2", "/0", "/x", "/%00", f"/{'9' * 400}"))
        return Sent(method, f"/fhir/{kind}/{_id(random, base)}/_history{number}")
    if method == "DELETE":
        return Sent(method, f"/fhir/{kind}/{_id(random, base)}")
    named = _id(random, base)
    value = mostly(random, {**base, "id": named} if random.random() < 0.9 else base)
    headers = {name: random.choice(HEADERS[name]) for name in ("if-none-exist", "if-match") if random.random() < 0.15}
    path = f"/fhir/{random.choice(WRITTEN) if random.random() < 0.05 else kind}"
    return Sent(method, path if method == "POST" else f"{path}/{quote(named, safe='%')}", value, headers)


def _id(random: Random, base: dict[str, Any]) -> str:
    return str(random.choice((*IDS[:3], *IDS[:3], base["id"], random.choice(IDS))))


URLS = (
    "",
    "/",
    "Location",
    "Location/own-1",
    "Slot?status=free",
    "Appointment/$book",
    "x/y/z",
    "Location?name=x",
    "\u0000",
)
READ = ("Location/room-1", "Practitioner?name=x", f"Appointment/{KNOWN}", "Appointment?date=x", "Slot/x", "metadata")


def several(random: Random, _ground: Ground) -> Sent:
    """A transaction or a batch of a few."""
    entries = [_entry(random, n) for n in range(random.choice((0, 1, 1, 2, 2, 3, 4)))]
    kind = random.choice(("transaction", "transaction", "batch", "batch", "searchset"))
    made = {"resourceType": "Bundle", "type": kind, **({"entry": entries} if entries else {})}
    prefer = random.choice(HEADERS["prefer"])
    return Sent("POST", random.choice(("/fhir", "/fhir/")), mostly(random, made, 0.5), {"prefer": prefer})


def _entry(random: Random, n: int) -> dict[str, Any]:
    if random.random() < 0.3:
        return {"request": {"method": "GET", "url": random.choice((*READ, *URLS))}}
    base = random.choice(KEPT)
    kind, named = base["resourceType"], random.choice(IDS[:5])
    is_put = random.random() < 0.5
    request = {"method": "PUT" if is_put else "POST", "url": f"{kind}/{named}" if is_put else kind}
    if random.random() < 0.1:
        request["url"] = random.choice(URLS)
    if random.random() < 0.15:
        request["ifMatch" if is_put else "ifNoneExist"] = random.choice(
            HEADERS["if-match" if is_put else "if-none-exist"]
        )
    made = {**base, **({"id": named} if is_put else {})}
    if random.random() < 0.2:
        made["partOf"] = {"reference": f"urn:uuid:{random.randrange(3)}"}
    value = mostly(random, made, 0.2)
    return {"fullUrl": f"urn:uuid:{n}", "request": request, "resource": value}


FOUND = [
    *(("start", "2026-11-25"), ("end", "2026-11-27"), ("specialty", "ALLG"), ("visit-type", f"|{SERVICE}"), ("x", "y")),
    *(("practitioner", "Practitioner/weiss"), ("location-reference", "Location/room-1"), ("location-string", "Raum")),
    *(("organization", "Organization/x"), ("_count", "5"), ("_offset", "1"), ("insurance-reference", "Coverage/1")),
    *(("patient-reference", "Patient/p1"), ("reason", "x|y"), ("practitioner", "a|b")),
]
WORTH: list[dict[str, Any]] = [
    *({"valueDateTime": one} for one in ("2026-11-25", "2026-11-26T10:00:00Z", "9999-12-31", "0001", "2026")),
    *({"valueReference": one} for one in ({"reference": "Practitioner/weiss"}, {"identifier": {"value": "x"}}, {})),
    *({"valueCodeableConcept": one} for one in ({"text": SERVICE}, {"coding": [{"code": "ALLG"}]}, {})),
    *({"valueCoding": {"code": "ALLG"}}, {"valueString": "Raum"}, {"valueInteger": 3}, {"valueBoolean": True}),
    *({"resource": PATIENTS[0]}, {"part": [{"name": "x", "valueString": "y"}]}),
    *(
        {"valueTiming": {"repeat": one}}
        for one in (
            *({"dayOfWeek": ["mon", "wed"], "timeOfDay": ["09:00:00"]}, {"when": ["MORN"]}, {"when": ["PHS"]}, {}),
            *({"boundsPeriod": {"start": "2026-11-25"}}, {"timeOfDay": ["23:59:59"], "dayOfWeek": ["sun"]}),
        )
    ),
]
BETWEEN = [
    {"name": "start", "valueDateTime": "2026-11-25"},
    {"name": "end", "valueDateTime": "2026-11-27"},
]


def find(random: Random, _ground: Ground) -> Sent:
    """``$find`` by its parameters, in the address or in a body."""
    names = [name for name, _ in FOUND]
    if random.random() < 0.5:
        given = [*FOUND[:2], *random.choices(FOUND, k=random.randrange(4))]
        given = [(name, value if random.random() < 0.8 else random.choice(TEXTS)) for name, value in given]
        del given[: 1 if random.random() < 0.1 else 0]
        return Sent("GET", f"/fhir/Appointment/$find?{urlencode(given)}")
    more = [{"name": random.choice([*names, "timing"]), **random.choice(WORTH)} for _ in range(random.randrange(4))]
    return Sent("POST", "/fhir/Appointment/$find", mostly(random, parameters(*BETWEEN, *more), 0.4))


def _which(random: Random, ground: Ground) -> dict[str, Any]:
    """``appointment-reference``: of what was offered, mostly."""
    offer = random.choice(ground.offers)
    named = random.choice((f"Appointment/{offer}",) * 6 + (offer, f"Appointment/{offer[:-1]}x", f"Appointment/{KNOWN}"))
    return {"name": "appointment-reference", "valueReference": {"reference": named}}


def hold(random: Random, ground: Ground) -> Sent:
    return Sent("POST", "/fhir/Appointment/$hold", mostly(random, parameters(_which(random, ground)), 0.5))


def book_ihe(random: Random, ground: Ground) -> Sent:
    """IHE's ``$book``: of an offer, of what is known, or of an example."""
    if random.random() < 0.5:
        main = _which(random, ground)
    else:
        status = random.choice(("pending", "proposed", "booked", "cancelled", "arrived"))
        base = random.choice((own(ground.now, random.randrange(1, 700)), *EXAMPLES))
        named = random.choice((KNOWN, KNOWN, random.choice(ground.offers), "x"))
        main = resource(mostly(random, {**base, "id": named, "status": status}, 0.4), "appointment-resource")
    more = [{"name": "comment", "valueString": "x"}, {"name": "comment", "valueString": "x" * 1001}]
    person = {"name": "patient-resource", "resource": mostly(random, random.choice(PATIENTS), 0.2)}
    given = [main, *([person] if random.random() < 0.8 else []), *(more[:1] if random.random() < 0.3 else [])]
    given += random.sample([*more, person, BETWEEN[0]], 1 if random.random() < 0.1 else 0)
    return Sent("POST", "/fhir/Appointment/$book", mostly(random, parameters(*given), 0.3))


FILTERS = (
    *(
        "Appointment?practitioner=Practitioner/weiss",
        "Appointment?status=booked&x=y",
        "Appointment?",
        "x",
        "Slot?a.b.c=d",
    ),
    *("Appointment?date=heute", "Patient?name=x", "Appointment?_count=5", "Appointment?actor:Practitioner.name=%C3%A4"),
)


def subscribe(random: Random, ground: Ground) -> Sent:
    """A subscription asked for, changed, looked at or ended."""
    path, known = "/fhir/Subscription", random.choice((ground.subscription,) * 4 + ("x", "%00", "x" * 70))
    match random.randrange(10):
        case 0:
            query = urlencode([(random.choice(("_id", "status", "criteria:x", "url", "x")), random.choice(TEXTS))])
            return Sent("GET", random.choice((f"{path}?{query}", f"{path}/$status?{query}", f"{path}/{known}/$status")))
        case 1:
            names = ("eventsSinceNumber", "eventsUntilNumber", "content")
            query = urlencode([(one, random.choice((*TEXTS, "1", "5", "empty"))) for one in random.sample(names, 2)])
            return Sent("GET", f"{path}/{known}/$events?{query}")
        case 2:
            return Sent(random.choice(("PATCH", "GET")), f"{path}/{known}")
        case 3:
            form = urlencode([("status", random.choice(TEXTS))]).encode()
            return Sent("POST", f"{path}/_search", headers={"content-type": FORM}, body=form)
    is_put = random.random() < 0.5
    topic = random.choice((ANY_APPOINTMENT, CANCELLED, UPDATED, DELAY, GENERIC, "urn:x"))
    url = random.choice(
        ("https://practice.example/hear",) * 4 + ("http://127.0.0.1/x", "https://", "https://a:b@c/", "x")
    )
    filters = tuple(random.sample(FILTERS, random.choice((0, 0, 1, 2))))
    extension = [
        {"url": random.choice((HEARTBEAT, TIMEOUT, MAX_COUNT)), "valueUnsignedInt": random.choice((1, 20, 10**9))}
    ]
    more: dict[str, Any] = {"extension": extension} if random.random() < 0.3 else {}
    more |= (
        {"header": [random.choice(("A: b", "x", "Host: x", "A: ****", "A: \ud800"))]} if random.random() < 0.3 else {}
    )
    made = {**wish(topic, url, filters=filters, **more), **({"id": ground.subscription} if is_put else {})}
    headers = {"if-match": random.choice(HEADERS["if-match"])} if random.random() < 0.2 else {}
    sent = mostly(random, made, 0.6)
    return Sent("PUT", f"{path}/{known}", sent, headers) if is_put else Sent("POST", path, sent, headers)


CLAIMS: dict[str, tuple[Any, ...]] = {
    "iss": (None, "x", 7, ["x"], ""),
    "sub": (None, "x", {}, ""),
    "aud": (None, "x", [], ["x", 1], {"a": 1}, 5),
    "exp": (None, 0, -1, 10**12, 1e300, "x", True, 1.5),
    "jti": (None, "", "x" * 257, 5, ["x"], "\u0000"),
    "nbf": (10**10, "x", -5),
    "iat": (10**10, None, {}),
}
HEADS: dict[str, tuple[Any, ...]] = {
    "kid": (None, "", 5, "x", ["k1"]),
    "jku": ("https://x.test/keys", 5, None),
    "typ": ("x", None),
}


def token(random: Random, ground: Ground) -> Sent:
    """A token asked for by an assertion; by another method or in another form too."""
    form: Any = {
        "grant_type": "client_credentials",
        "scope": random.choice(("system/Slot.rs", "system/*.rs", "x y", "")),
    }
    named = random.sample(sorted(CLAIMS), random.choice((0, 0, 1, 1, 2)))
    claims = {name: random.choice(CLAIMS[name]) for name in named}
    heads = {name: random.choice(HEADS[name]) for name in random.sample(sorted(HEADS), random.choice((0, 0, 1)))}
    form = {**ground.signer.form(ground.clock.now(), **claims), **form}
    if heads:  # no library signs such a header
        said = json.dumps({"alg": "ES384", "kid": "k1", **heads}).encode()
        form["client_assertion"] = to_base64(said) + form["client_assertion"][form["client_assertion"].index(".") :]
    if random.random() < 0.3:
        cut = random.randrange(len(form["client_assertion"]))
        form["client_assertion"] = form["client_assertion"][:cut] + random.choice(
            ("", ".", "ä", "A" * 50, "..", "\u0000")
        )
    items = [(name, value if random.random() < 0.9 else random.choice(TEXTS)) for name, value in form.items()]
    items += random.sample(items, 1 if random.random() < 0.1 else 0)
    if random.random() < 0.1:
        del items[random.randrange(len(items))]
    body = urlencode(items).encode()
    if random.random() < 0.1:
        body = random.choice((b"", b"\xff=\xff", b"&" * 50, b"a=b&" * 30, b"{}", body[: len(body) // 2]))
    method = "POST" if random.random() < 0.95 else random.choice(("GET", "PUT"))
    return Sent(method, TOKEN_PATH, headers={"content-type": FORM, "authorization": ""}, body=body)


def links(random: Random, _ground: Ground) -> Sent:
    """What is published for everybody: the list, and its files."""
    name = random.choice(("", "", "", "/slots-2026-11-23.ndjson", "/locations.ndjson", "/x", "/..%2f", "/%00", "//"))
    value = random.choice((*TEXTS, "2026-11-24T09:00:00Z", "2026-11-24T09:00:00+01:00", "9999-12-31T23:59:59-14:00"))
    query = f"?{urlencode([('_since', value)])}" if random.random() < 0.7 else ""
    headers = {
        one: random.choice(HEADERS[one]) for one in ("if-none-match", "if-modified-since") if random.random() < 0.3
    }
    return Sent("GET", MANIFEST + name + query, headers={**headers, "authorization": ""})


OLDER: tuple[Callable[[Random, datetime], Sent], ...] = (book, book, patch, patch, search)
MAKES: tuple[Callable[[Random, Ground], Sent], ...] = (
    *(written, written, several, several, find, hold, book_ihe, book_ihe, subscribe, token, links),
)


def made(seed: int, ground: Ground) -> Sent:
    """One request; all of it follows from *seed*."""
    random, which = Random(seed), seed % (len(OLDER) + len(MAKES))
    if which < len(OLDER):
        return dressed(random, OLDER[which](random, ground.now.astimezone(UTC)))
    sent = MAKES[which - len(OLDER)](random, ground)
    return sent if sent.path.startswith((TOKEN_PATH, MANIFEST)) else dressed(random, sent)


def anything(ground: Ground) -> st.SearchStrategy[Sent]:
    """Of all kinds, mostly what would change something. One number each is drawn: the rest follows from it."""
    return st.integers(0, 2**64 - 1).map(lambda seed: made(seed, ground))
