"""Forms whose answer is shown once: a form that is sent again, by reload or the back button, does nothing.

Each such form has a random token, and what is remembered is only that it was used: no key and no secret is kept.
Without scripts too a reload leads back to the form; once.js spares people the browser's question.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.utils import timezone

from portal.context import sign_in_of

FIELD = "once"
# After this a form is too old to be sent: nobody has to remember longer that it was.
LONGEST = timedelta(hours=12)


def token() -> str:
    """Return the value of a new form's field."""
    return _signer().sign(secrets.token_urlsafe(16))


def is_first(request: HttpRequest) -> bool:
    """Whether this form is sent for the first time; the second time it is not, even at the same moment.

    A form without a token counts as new: no page of the portal has one.
    """
    sent = request.POST.get(FIELD, "")
    if not sent:
        return True
    try:
        _signer().unsign(sent, max_age=LONGEST)
    except BadSignature:
        return False
    # A row in the table of sessions, under a key that no cookie can name: it is forgotten with them.
    _, created = Session.objects.get_or_create(
        session_key=_key(request, sent),
        defaults={"session_data": "", "expire_date": timezone.now() + LONGEST},
    )
    return created


def release(request: HttpRequest) -> None:
    """Let this form be sent again: it was refused for what is in it."""
    Session.objects.filter(session_key=_key(request, request.POST.get(FIELD, ""))).delete()


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="portal.pages.once")


def _key(request: HttpRequest, sent: str) -> str:
    person = sign_in_of(request).person
    # Django's column has 40 characters. Keys of sessions are digests of what has no colon.
    return hashlib.sha256(f"form:{person.pk}:{sent}".encode()).hexdigest()[:40]
