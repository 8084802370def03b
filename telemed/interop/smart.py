"""What a program must know to sign in: ``.well-known/smart-configuration`` (SMART App Launch 2.2)."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from starlette.responses import Response

from telemed.identity.client_model import ALGORITHMS, GRANT_TYPE
from telemed.identity.doors import token_address
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.identity.scopes import scope
from telemed.interop import served
from telemed.web.centre import CentreDep

WELL_KNOWN = "/fhir/.well-known/smart-configuration"

routes = APIRouter()


@routes.get(WELL_KNOWN)
def configuration(centre: CentreDep, _actor: Annotated[Actor, Depends(Needs(Right.OPEN))]) -> Response:
    said = {
        "token_endpoint": token_address(centre),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "grant_types_supported": [GRANT_TYPE],
        "scopes_supported": [scope(kind, acts) for kind, acts in served.acts_by_kind().items()],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    }
    return Response(orjson.dumps(said), media_type="application/json")
