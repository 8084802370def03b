"""Between a subscription and its FHIR R4 resources: Subscription, notification Bundle, status Parameters.

Subscriptions R5 Backport STU 1.1 (hl7.fhir.uv.subscriptions-backport.r4), ISiK Subscription 6.0.0: rest-hook, id-only.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from telemed.fhir.issues import Invalid, Issue
from telemed.fhir.raw import stamped
from telemed.fhir.resource import Resource, span
from telemed.interop.topics import TOPICS, Deed
from telemed.kit.outside import Inside
from telemed.subscribe.model import (
    LONGEST_TIMEOUT_S,
    SHORTEST_HEARTBEAT_S,
    TIMEOUT_S,
    TOGETHER,
    Filter,
    Standing,
    State,
    Subscribed,
    Told,
    Wish,
)

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
FILTER = f"{BACKPORT}backport-filter-criteria"
CONTENT = f"{BACKPORT}backport-payload-content"
HEARTBEAT = f"{BACKPORT}backport-heartbeat-period"
TIMEOUT = f"{BACKPORT}backport-timeout"
MAX_COUNT = f"{BACKPORT}backport-max-count"
NOTIFICATION_PROFILE = f"{BACKPORT}backport-subscription-notification-r4"
STATUS_PROFILE = f"{BACKPORT}backport-subscription-status-r4"

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]

MEDIA = {"application/fhir+json": "json", "application/fhir+xml": "xml"}
MASKED = "****"
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9\-]{0,63}): ?([\x21-\x7e][\x20-\x7e]{0,1023})")
_OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding", "te"}
)
_FILTER = re.compile(r"([A-Z][A-Za-z]+)\?(.{1,500})")
_SHUT = (
    "at an address that is not of the public network; the operator may allow it by name or network "
    "(TELEMED_CENTRE_SUBSCRIBERS_INSIDE)"
)
_WHY = {
    "inside": _SHUT,
    "unknown host": "at a name that is not known",
    "timeout": "too slow: no answer within the timeout",
    "ConnectError": "not to be reached: no connection, or a certificate that is not trusted",
}
"""Of the reasons why an endpoint did not take something."""
MOST_FILTERS = 10
FIRST_PORT = 1024
"""Below are those of mail, names, shells: nobody makes us speak to them."""
MOST_TOGETHER = 100


def wish(resource: Resource, *, inside: Inside, now: datetime, kept: Subscribed | None = None) -> Wish:
    """What a valid Subscription asks for. *inside*: what of the own network may be told, also by http.

    *kept*: what stands in its place until now; its secrets stay where they are sent back masked.

    Raises:
        Invalid: it is no subscription of ours; it says why, at which element.
    """
    fields = resource.fields
    faults = [*_faults(fields, inside=inside, now=now, was_kept=kept is not None)]
    if faults:
        raise Invalid(faults)
    channel = fields["channel"]
    headers = channel.get("header", ())
    masked = [_masked(one) for one in headers]
    stays = bool(headers) and list(headers) == masked
    beat, timeout, most = (_number(channel, url) for url in (HEARTBEAT, TIMEOUT, MAX_COUNT))
    return Wish(
        topic=fields["criteria"].partition("|")[0],
        filters=tuple(_filters(fields)),
        endpoint=channel["endpoint"],
        content=stamped(resource.content, {"channel": {**channel, "header": masked}} if masked else {}),
        headers=None if stays else tuple(headers),
        heartbeat_s=beat,
        timeout_s=timeout or TIMEOUT_S,
        together=most or TOGETHER,
        ends_at=span(fields["end"], UTC)[0] if "end" in fields else None,
        media=channel.get("payload", "application/fhir+json").partition(";")[0],
    )


def is_off(resource: Resource) -> bool:
    """Whether it shall not be told anything for now."""
    return bool(resource.fields.get("status") == State.OFF.value)


def _faults(fields: Mapping[str, Any], *, inside: Inside, now: datetime, was_kept: bool) -> Iterator[Issue]:
    if fields.get("criteria", "").partition("|")[0] not in TOPICS:
        yield Issue("not-supported", "not a topic of this server: /metadata names them", "Subscription.criteria")
    yield from _faulty_filters(fields)
    if "end" in fields and span(fields["end"], UTC)[0] <= now:
        yield Issue("business-rule", "it has ended already", "Subscription.end")
    yield from _faulty_channel(fields["channel"], inside=inside, was_kept=was_kept)


def _faulty_filters(fields: Mapping[str, Any]) -> Iterator[Issue]:
    found = list(_extensions(fields.get("_criteria", {}), FILTER))
    for place, one in found:
        if not _FILTER.fullmatch(str(one.get("valueString", ""))):
            where = f"Subscription.criteria.extension[{place}]"
            yield Issue("value", "a filter is a search such as Appointment?practitioner=Practitioner/1", where)
    if len(found) > MOST_FILTERS:
        yield Issue("too-costly", f"at most {MOST_FILTERS} filters", "Subscription.criteria")


def _faulty_channel(channel: Mapping[str, Any], *, inside: Inside, was_kept: bool) -> Iterator[Issue]:
    where = "Subscription.channel"
    if channel.get("type") != "rest-hook":
        yield Issue("not-supported", "the channel is a rest-hook", f"{where}.type")
    if not _is_address(channel.get("endpoint", ""), inside=inside):
        at = f"{where}.endpoint" if "endpoint" in channel else where
        yield Issue(
            "value",
            "the endpoint is an https address without user or fragment; http only where the operator names the host",
            at,
        )
    elif _is_shut(channel["endpoint"], inside=inside):
        yield Issue("value", f"the endpoint is {_SHUT}", f"{where}.endpoint")
    if channel.get("payload", "application/fhir+json").partition(";")[0] not in MEDIA:
        yield Issue("not-supported", "the payload is application/fhir+json or application/fhir+xml", f"{where}.payload")
    content = [one.get("valueCode") for _, one in _extensions(channel.get("_payload", {}), CONTENT)]
    if content != ["id-only"]:
        at = f"{where}.payload" if "payload" in channel or "_payload" in channel else where
        yield Issue("not-supported", "the payload content is id-only: its extension says so", at)
    for place, header in enumerate(channel.get("header", ())):
        if header is None or not _is_header(header, was_kept=was_kept):
            yield Issue(
                "value", "a header is Name: value, and none that the sending itself sets", f"{where}.header[{place}]"
            )
    yield from _faulty_numbers(channel, where)


def _faulty_numbers(channel: Mapping[str, Any], where: str) -> Iterator[Issue]:
    limits = {
        HEARTBEAT: (SHORTEST_HEARTBEAT_S, 86_400, "a heartbeat comes every 10 seconds to one day"),
        TIMEOUT: (1, LONGEST_TIMEOUT_S, "the timeout is 1 to 60 seconds"),
        MAX_COUNT: (1, MOST_TOGETHER, "a notification has 1 to 100 events"),
    }
    for place, one in enumerate(channel.get("extension", ())):
        if one.get("url") in limits:
            least, most, said = limits[one["url"]]
            found = one.get("valueUnsignedInt", one.get("valuePositiveInt"))
            if not isinstance(found, int) or not least <= found <= most:
                yield Issue("value", said, f"{where}.extension[{place}]")


def _is_shut(endpoint: str, *, inside: Inside) -> bool:
    """Whether it is the number of a machine that is not told; a name is looked up when it is told."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return not inside.allows(host, [host])
    except ValueError:
        return False


def _is_address(text: str, *, inside: Inside) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    schemes = ("https", "http") if inside.names(parts.hostname or "") else ("https",)
    whole = parts.scheme in schemes and parts.hostname and "@" not in parts.netloc and not parts.fragment
    of_the_web = port in (None, 443) or port >= FIRST_PORT
    return bool(whole and of_the_web and text.isascii() and text.isprintable() and " " not in text)


def _is_header(text: str, *, was_kept: bool) -> bool:
    found = _HEADER.fullmatch(text)
    masked = found is not None and found[2] == MASKED
    return found is not None and found[1].lower() not in _OURS and (was_kept or not masked)


def _masked(header: str) -> str:
    return f"{header.partition(':')[0]}: {MASKED}"


def _filters(fields: Mapping[str, Any]) -> Iterator[Filter]:
    for _, one in _extensions(fields.get("_criteria", {}), FILTER):
        kind, _, text = one["valueString"].partition("?")
        yield Filter(kind, text)


def _extensions(element: Mapping[str, Any], url: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for place, one in enumerate(element.get("extension", ())):
        if one.get("url") == url:
            yield place, one


def _number(channel: Mapping[str, Any], url: str) -> int | None:
    found = [one.get("valueUnsignedInt", one.get("valuePositiveInt")) for _, one in _extensions(channel, url)]
    return found[0] if found else None


def shown(one: Subscribed) -> bytes:
    """The Subscription as it is read: as it was sent, with its state, and without its secrets."""
    standing, given = one.standing, orjson.loads(one.wish.content)
    meta = {**given.get("meta", {}), "versionId": str(one.version), "lastUpdated": instant(one.updated_at)}
    failing = standing.failures > 0
    again = "asked anew after a PUT" if standing.next_at is None else "tried again by itself"
    error = f"the endpoint is {_why(standing)}; it is {again}, and $status says since when" if failing else None
    return stamped(one.wish.content, {"id": one.id, "meta": meta, "status": standing.state.value, "error": error})


def _why(standing: Standing) -> str:
    if standing.why.startswith("status "):
        return f"one that answers {standing.why.removeprefix('status ')} in place of a 2xx"
    return _WHY.get(standing.why, "one that does not take what is sent")


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def status(one: Subscribed, kind: Kind, told: Sequence[Told] = (), *, base_url: str) -> dict[str, Any]:
    """The state of a subscription, and what happened (backport-subscription-status-r4)."""
    standing = one.standing
    parameter: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": f"{base_url}/Subscription/{one.id}"}},
        {"name": "topic", "valueCanonical": one.wish.topic},
        {"name": "status", "valueCode": standing.state.value},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(standing.last)},
        *({"name": "notification-event", "part": _event(each, base_url)} for each in told),
    ]
    if standing.failures:
        said = f"not taken {standing.failures} times in a row since {instant(standing.failing_since or one.updated_at)}"
        said += f": the endpoint is {_why(standing)}"
        parameter.append({"name": "error", "valueCodeableConcept": {"text": said}})
    return {"resourceType": "Parameters", "meta": {"profile": [STATUS_PROFILE]}, "parameter": parameter}


def _event(told: Told, base_url: str) -> list[dict[str, Any]]:
    part: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(told.number)},
        {"name": "timestamp", "valueInstant": instant(told.at)},
    ]
    if told.focus:
        part.append({"name": "focus", "valueReference": {"reference": f"{base_url}/{told.focus}"}})
    return part


def notification(one: Subscribed, kind: Kind, told: Sequence[Told] = (), *, base_url: str, now: datetime) -> bytes:
    """A notification (backport-subscription-notification-r4): a history whose first entry is the status.

    The same events make the same Bundle.id again; who gets more together than before sees it by their numbers.
    """
    name = f"{one.id} {kind} {told[0].number if told else now.isoformat()} {told[-1].number if told else ''}"
    bundle_id, status_id = (
        uuid.uuid5(uuid.NAMESPACE_URL, f"{base_url} {name} {part}") for part in ("bundle", "status")
    )
    first = {
        "fullUrl": f"urn:uuid:{status_id}",
        "resource": {"id": str(status_id), **status(one, kind, told, base_url=base_url)},
        "request": {"method": "GET", "url": f"Subscription/{one.id}/$status"},
        "response": {"status": "200"},
    }
    made = {
        "resourceType": "Bundle",
        "id": str(bundle_id),
        "meta": {"profile": [NOTIFICATION_PROFILE]},
        "type": "history",
        "timestamp": instant(now),
        "entry": [first, *_foci(told, base_url)],
    }
    return orjson.dumps(made)


def _foci(told: Iterable[Told], base_url: str) -> Iterator[dict[str, Any]]:
    """Each resource once, by what happened to it last."""
    last = {each.focus: each for each in told if each.focus}
    for focus, each in last.items():
        created = each.deed is Deed.CREATED
        request = {"method": "POST", "url": focus.partition("/")[0]} if created else {"method": "PUT", "url": focus}
        yield {
            "fullUrl": f"{base_url}/{focus}",
            "request": request,
            "response": {"status": "201" if created else "200"},
        }
