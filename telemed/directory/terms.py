"""What the directory's resources are searched by. Pure."""

_NAMED = {"identifier": "token identifier"}
_ACTIVE = _NAMED | {"active": "token active"}
SEARCH: dict[str, dict[str, str]] = {
    "Organization": _ACTIVE | {"name": "string name"},
    "Practitioner": _ACTIVE | {"name": "string name", "family": "string name.family", "given": "string name.given"},
    "PractitionerRole": _ACTIVE
    | {
        "practitioner": "reference practitioner Practitioner",
        "organization": "reference organization Organization",
        "role": "token code",
        "specialty": "token specialty",
        "location": "reference location Location",
        "service": "reference healthcareService HealthcareService",
    },
    "Location": _NAMED
    | {
        "name": "string name",
        "status": "token status",
        "organization": "reference managingOrganization Organization",
        "partof": "reference partOf Location",
    },
    "Device": _NAMED
    | {
        "status": "token status",
        "type": "token type",
        "location": "reference location Location",
    },
    "HealthcareService": _ACTIVE
    | {
        "service-type": "token type",
        "specialty": "token specialty",
        "name": "string name",
        "location": "reference location Location",
        "organization": "reference providedBy Organization",
    },
    "Schedule": _ACTIVE
    | {
        "service-type": "token serviceType",
        "specialty": "token specialty",
        "actor": "reference actor Practitioner PractitionerRole HealthcareService Location Device",
    },
}
"""What each type is searched by: the kind of parameter, the element, the types that it refers to."""

ALSO_CALLED = {"HealthcareService": {"type": "service-type"}}
"""No parameters of R4's, but ISiK asks ``schedule.actor:HealthcareService.type``: in chains they are understood."""
