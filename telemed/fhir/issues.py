"""What is wrong, in FHIR's words: OperationOutcome (R4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal, Sense

CODES = {
    Sense.INVALID: "business-rule",
    Sense.UNAUTHENTICATED: "login",
    Sense.FORBIDDEN: "forbidden",
    Sense.MISSING: "not-found",
    Sense.CONFLICT: "conflict",
    Sense.GONE: "deleted",
    Sense.TOO_OFTEN: "throttled",
}
"""IssueType for each sense of a refusal."""
ENGLISH = "en"
_STATUSES = {413: "too-long", 500: "exception"}
"""What no rule refuses: the request was too large, or we made a mistake."""


@dataclass(frozen=True)
class Issue:
    """One issue. *code*: IssueType; *expression*: FHIRPath of the element; *text*: words for people.

    Of a parameter in the address, or a header, *expression* is ``http.`` and its name, and is said as location too.

    *diagnostics* never repeats what was sent, for it may be personal.
    """

    code: str
    diagnostics: str
    expression: str = ""
    severity: str = "error"
    text: str = ""
    extension: tuple[Mapping[str, object], ...] = ()


class Invalid(Refusal):
    """A resource that is not valid FHIR R4 or not what is allowed here."""

    key = "fhir.refusal.invalid"

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues: tuple[Issue, ...] = tuple(issues)
        super().__init__(expression=self.issues[0].expression or None)

    def __str__(self) -> str:
        return "; ".join(f"{i.expression}: {i.diagnostics}".removeprefix(": ") for i in self.issues)


class Malformed(Invalid):
    """Not even readable: broken JSON or XML, or a search that cannot be understood (HTTP 400)."""

    key = "fhir.refusal.malformed"


class OffTheWire(Invalid):
    """A request that is refused before anything is looked at: 404 unknown type, 405, 406, 415."""

    key = "fhir.refusal.off_the_wire"

    def __init__(self, status: int, code: str, diagnostics: str) -> None:
        super().__init__([Issue(code, diagnostics)])
        self.status = status


class Told(OffTheWire):
    """A refusal that is put into words already: *status* of HTTP, and its issues."""

    def __init__(self, status: int, issues: Iterable[Issue]) -> None:
        Invalid.__init__(self, issues)
        self.status = status


def outcome(issues: Sequence[Issue]) -> bytes:
    """An OperationOutcome as JSON."""
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]})


def _issue(issue: Issue) -> dict[str, object]:
    made: dict[str, object] = {"extension": list(issue.extension)} if issue.extension else {}
    made |= {"severity": issue.severity, "code": issue.code}
    if issue.text:
        made["details"] = {"text": issue.text}
    made["diagnostics"] = issue.diagnostics
    if issue.expression:
        made |= {"location": [issue.expression]} if issue.expression.startswith("http.") else {}
        made["expression"] = [issue.expression]
    return made


def explain(refusal: Refusal) -> tuple[int, tuple[Issue, ...]]:
    """The HTTP status and the issues that say a refusal in FHIR."""
    if isinstance(refusal, OffTheWire):
        return refusal.status, refusal.issues
    if isinstance(refusal, Malformed):
        return 400, refusal.issues
    if isinstance(refusal, Invalid):
        return refusal.sense.value, refusal.issues
    text = words().text(refusal.key, **refusal.params)
    if refusal.status in _STATUSES:
        return refusal.status, (Issue(_STATUSES[refusal.status], _plain(refusal), severity="fatal", text=text),)
    issue = Issue(CODES[refusal.sense], _plain(refusal), refusal.expression or "", text=text)
    return refusal.sense.value, (issue,)


def _plain(refusal: Refusal) -> str:
    """For who writes programs: in English, where somebody wrote it so; else as people are told."""
    if refusal.plain:
        return refusal.plain.format(**refusal.params)
    return words(ENGLISH).text(refusal.key, **refusal.params)
