"""How the product says no: a fact, a catalogue key, a sense. Each edge has one handler for it."""

from enum import Enum


class Sense(Enum):
    """What kind of no; the value is the HTTP status."""

    INVALID = 422
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    MISSING = 404
    CONFLICT = 409
    GONE = 410
    TOO_OFTEN = 429


class Refusal(Exception):
    """A request that the rules refuse.

    *key* is a catalogue key; *params* are its parameters and hold nothing personal. *expression* is the FHIRPath of
    the element at fault, where there is one. *where*: a page of this site to which somebody who looks at pages is led
    rather than being told; empty where there is none.
    """

    sense: Sense = Sense.INVALID
    key: str = "refusal.invalid"
    plain: str = ""
    """The same for who writes programs, in English, with *params*; empty where the catalogue's words are enough."""
    status: int = 0
    """The HTTP status, where it is not its sense's."""

    def __init__(self, *, expression: str | None = None, where: str = "", **params: str | int) -> None:
        super().__init__(self.key)
        self.params = params
        self.where = where
        self.expression = expression


class NotFound(Refusal):
    """Unknown, foreign and deleted things are answered alike."""

    sense = Sense.MISSING
    key = "refusal.not_found"


class NotSignedIn(Refusal):
    sense = Sense.UNAUTHENTICATED
    key = "refusal.not_signed_in"
    plain = (
        "no access token, or one that is unknown, has expired (they last five minutes) or was taken back; "
        "/fhir/.well-known/smart-configuration says where to get one"
    )


class NotAllowed(Refusal):
    sense = Sense.FORBIDDEN
    key = "refusal.not_allowed"
