"""The CapabilityStatement (R4, kind instance), of the table of what is served."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from telemed.fhir.search import Parameter
from telemed.identity.client_model import TOKEN_PATH
from telemed.interop import served
from telemed.interop.served import Line, Operation

_SMART = {"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"}
_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def _security(base_url: str) -> dict[str, Any]:
    """SMART App Launch 2.2; older clients look here for the token endpoint rather than in ``.well-known``."""
    token = {"url": "token", "valueUri": base_url.removesuffix("/fhir") + TOKEN_PATH}
    return {
        "extension": [{"url": _OAUTH, "extension": [token]}],
        "cors": False,
        "service": [{"coding": [_SMART], "text": "SMART Backend Services"}],
        "description": "SMART Backend Services (private_key_jwt, scopes of version 2); this page is open.",
    }


def capability(base_url: str, *, version: str, date: str, parameters: Mapping[str, Iterable[Parameter]]) -> bytes:
    """What this server can do. *parameters*: each type that is served with what it is searched by."""
    resources = [_resource(kind, served.LINES.get(kind, Line()), known) for kind, known in parameters.items()]
    rest = {
        "mode": "server",
        "security": _security(base_url),
        "resource": resources,
        "interaction": [{"code": code} for code in served.SYSTEM_INTERACTIONS],
        "operation": [_operation(one) for one in served.SYSTEM_OPERATIONS],
    }
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "instantiates": served.INSTANTIATES,
        "software": {"name": "telemed", "version": version},
        "implementation": {"description": "telemed", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml"],
        "patchFormat": ["application/fhir+json", "application/fhir+xml", "application/json-patch+json"],
        "rest": [_filled(rest)],
    }
    return orjson.dumps(statement)


def _resource(kind: str, line: Line, parameters: Iterable[Parameter]) -> dict[str, Any]:
    made = {
        "type": kind,
        "supportedProfile": list(line.profiles),
        "interaction": [{"code": code} for code in line.interactions],
        **line.more,
        "searchInclude": list(line.includes),
        "searchRevInclude": list(line.included_by),
        "searchParam": [_parameter(kind, one) for one in parameters],
        "operation": [_operation(one) for one in line.operations],
    }
    return _filled(made)


def _parameter(kind: str, parameter: Parameter) -> dict[str, Any]:
    own = f"{kind}-{parameter.name}"
    definition = served.DEFINITIONS.get(parameter.name) or served.DEFINITIONS.get(own) or f"{served.HL7}{own}"
    return {"name": parameter.name, "definition": definition, "type": parameter.type}


def _operation(operation: Operation) -> dict[str, Any]:
    return {"name": operation.name, "definition": operation.definition}


def _filled(made: Mapping[str, Any]) -> dict[str, Any]:
    """Without empty lists, which FHIR does not allow."""
    return {name: value for name, value in made.items() if value not in ([], ())}
