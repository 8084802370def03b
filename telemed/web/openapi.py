"""What a JSON API takes and gives, as an OpenAPI document that names its refusals too."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.routing import BaseRoute

from telemed.web.refusals import PROBLEM_JSON

REFUSALS = {
    404: "There is nothing that this secret opens.",
    409: "The rules, or another booking, are against it.",
    410: "It is not there any more.",
    413: "The body is too large.",
    422: "It cannot be read, or it lies in the past.",
    429: "Too often from this address; `Retry-After` says for how long.",
}
_COMPONENT = "#/components/schemas/"


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's ``responses``: the ways in which it says no, each as problem details."""
    return {status: _refusal(status) for status in statuses}


def _refusal(status: int) -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": {"$ref": f"{_COMPONENT}Problem"}}}
    found: dict[str, Any] = {"description": REFUSALS[status], "content": content}
    if status == 429:
        seconds = {"type": "integer", "minimum": 0}
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": seconds}}
    return found


def described(routes: Sequence[BaseRoute], *, title: str, about: str, problem: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of *routes*; *problem* is what `refused` speaks of."""
    found = get_openapi(
        title=title,
        version=version("telemed"),
        description=about,
        routes=routes,
        separate_input_output_schemas=False,
    )
    schema = problem.model_json_schema(ref_template=f"{_COMPONENT}{{model}}")
    kept = found["components"]["schemas"]
    kept |= schema.pop("$defs", {})
    kept["Problem"] = schema
    return found
