"""An answer about consent as a FHIR R4 Consent, and the mandate of a relative as a RelatedPerson."""

from typing import Any

from telemed.people.consent import Answer, How, Purpose, Said
from telemed.people.mandate import Mandate

SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
OWN = "https://telemed.example/fhir/CodeSystem/consent-purpose"
HOW = "https://telemed.example/fhir/CodeSystem/consent-way"
_REASONS = {
    Purpose.VIDEO: "TREAT",
    Purpose.LETTER: "COC",
    Purpose.REMINDERS: "HOPERAT",
    Purpose.RELATIVE: "FAMRQT",
}
"""Why data are used: treatment, coordination of care, healthcare operations, family requested."""
_STATUS = {Answer.YES: "active", Answer.NO: "rejected", Answer.DISCUSS: "proposed"}


def consent(said: Said, person_id: str, *, organization: str, counts: bool = True) -> dict[str, Any]:
    """The Consent of one answer. *counts*: whether it is the newest of its purpose; else it is inactive.

    *organization*: who keeps it, as ``Organization/…``. A yes permits the purpose, a no denies it.
    """
    kind = "permit" if said.answer is Answer.YES else "deny"
    made: dict[str, Any] = {
        "resourceType": "Consent",
        "id": said.id,
        "status": _STATUS[said.answer] if counts else "inactive",
        "scope": _coded(SCOPES, "patient-privacy"),
        "category": [_coded(CATEGORIES, "rsdid" if said.purpose is Purpose.LETTER else "dpi")],
        "patient": {"reference": f"Patient/{person_id}"},
        "dateTime": said.at.isoformat(),
        "performer": [{"reference": f"Patient/{person_id}"}],
        "organization": [{"reference": organization}],
        "sourceAttachment": {"contentType": "text/plain", "language": said.language, "title": said.wording},
        "policyRule": {"coding": [{"system": OWN, "code": said.purpose.value, "version": said.version}]},
        "provision": {
            "type": kind,
            "purpose": [
                {"system": REASONS, "code": _REASONS[said.purpose]},
                {"system": OWN, "code": said.purpose.value},
            ],
        },
    }
    if said.witness:
        verified = {"verified": True, "verificationDate": said.at.isoformat()}
        made["verification"] = [{**verified, "verifiedWith": {"reference": f"Practitioner/{said.witness}"}}]
    if said.how is not How.ONLINE:
        made["category"].append(_coded(HOW, said.how.value))
    return made


def related_person(mandate: Mandate, person_id: str) -> dict[str, Any]:
    """Who acts for a person, from when to when; without contact, which nobody else needs."""
    return {
        "resourceType": "RelatedPerson",
        "id": mandate.id,
        "active": mandate.ended_at is None,
        "patient": {"reference": f"Patient/{person_id}"},
        "name": [{"text": mandate.relative.name}],
        "period": {
            "start": mandate.given_at.isoformat(),
            "end": (mandate.ended_at or mandate.expires_at).isoformat(),
        },
    }


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
