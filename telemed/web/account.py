"""What a page's frame says of whoever is signed in, and the token that its forms carry."""

import re
from dataclasses import dataclass

from markupsafe import escape

ACCOUNT = "account"
"""In the scope of a request: its `Account`, if somebody is signed in."""
FORM_TOKEN = "form_token"
_FORM = re.compile(r"""<form\b[^>]*\bmethod=["']post["'][^>]*>""", re.IGNORECASE)


@dataclass(frozen=True)
class Account:
    """Who is signed in. *is_practice*: in an exercise, without a passkey. *idle_left_s*: seconds until she is signed
    out if she does nothing; None if that never happens.
    """

    form_token: str
    is_staff: bool = False
    is_practice: bool = False
    lacks_passkeys: bool = False
    idle_left_s: float | None = None


def with_form_tokens(html: str, token: str) -> str:
    """The page, and in each of its forms that is sent by POST the session's token, whoever wrote the form."""
    hidden = f'<input type="hidden" name="{FORM_TOKEN}" value="{escape(token)}">'
    return _FORM.sub(lambda form: form[0] + hidden, html)
