"""Forms that wait on the server while somebody is at the identity provider: none is lost, and none is sent by itself.

Each is a row of its own in the table of sessions, under a key that no cookie can name, so that tabs do not disturb
each other. Only the person who sent it sees it again, in any browser, for as long as a sign-in may take.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from portal.context import sign_in_of
from portal.sessions import SessionStore

LIFETIME = timedelta(minutes=30)
_CSRF = "csrfmiddlewaretoken"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form as it was sent: to which address, with which fields in their order."""

    address: str
    fields: tuple[tuple[str, str], ...]


def keep(request: HttpRequest) -> str:
    """Keep the form of this request, and return the address of the page that offers to send it again."""
    name = secrets.token_urlsafe(16)
    fields = [
        (field, value)
        for field, values in request.POST.lists()
        for value in values
        if field != _CSRF
    ]
    Session.objects.create(
        session_key=_key(request, name),
        session_data=SessionStore().encode({"address": request.get_full_path(), "fields": fields}),
        expire_date=timezone.now() + LIFETIME,
    )
    return f"{reverse('continue')}?{urlencode({'form': name})}"


def find(request: HttpRequest) -> KeptForm | None:
    """Return the form that the address names, if this person has sent it."""
    name = request.GET.get("form", "")
    row = Session.objects.filter(
        session_key=_key(request, name), expire_date__gt=timezone.now()
    ).first()
    if row is None:
        return None
    kept = SessionStore().decode(row.session_data)
    if "address" not in kept:
        return None
    return KeptForm(kept["address"], tuple((name, value) for name, value in kept["fields"]))


def _key(request: HttpRequest, name: str) -> str:
    person = sign_in_of(request).person
    # Django's column has 40 characters. Keys of sessions are digests of what has no colon.
    return hashlib.sha256(f"kept:{person.pk}:{name}".encode()).hexdigest()[:40]
