"""Clients of the wire: signed, and stored nowhere, so that strangers fill no table and none is ever forgotten.

An AWS CLI keeps its registration for 90 days and does not ask for another when the server has lost
it. The id is the registration, signed with SECRET_KEY; the secret is a signature of the id. Anybody
gets one: neither proves anything but that it was given here.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.core import signing

from accounts.sso.refusals import Refused, Why

LIFETIME = timedelta(days=90)
SCOPE = "sso:account:access"
# Granted asks for this one; it opens nothing.
_IGNORED_SCOPE = re.compile(r"sso-portal:[*a-z:_-]{1,40}")
LONGEST_NAME = 64
MOST_REDIRECTS, LONGEST_REDIRECT = 3, 128
MOST_SCOPES = 10
# RFC 8252 section 7.3: the machine itself, by its address; `localhost` may be another one. IPv6's ::1
# is left out: no content security policy can name it, and no AWS CLI asks for it.
_REDIRECT = re.compile(
    r"http://127\.0\.0\.1(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>/[A-Za-z0-9._~/-]*)?"
)
_IDS, _SECRETS = "accounts.sso.client", "accounts.sso.client-secret"


class Grant(StrEnum):
    """How a client gets tokens, in OAuth's words."""

    CODE = "authorization_code"
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
    REFRESH = "refresh_token"


@dataclass(frozen=True, slots=True)
class Client:
    """A client as it registered. Its name is whatever it calls itself."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    grants: frozenset[Grant]
    issued_at: datetime

    @property
    def expires_at(self) -> datetime:
        """Until when it is known here."""
        return self.issued_at + LIFETIME

    @property
    def digest(self) -> str:
        """What is stored of it, where something is bound to it."""
        return hashlib.sha256(self.client_id.encode()).hexdigest()

    def may(self, grant: Grant) -> None:
        """Refuse what it did not register for.

        Raises:
            Refused: it registered for something else.
        """
        if grant not in self.grants:
            raise Refused(
                Why.NOT_FOR_CLIENT,
                "This client did not register for that. Sign in again with aws sso login.",
                f"the client may not use {grant}",
            )


@dataclass(frozen=True, slots=True)
class Registration:
    """A client just registered, and the secret that goes with its id."""

    client: Client
    secret: str = field(repr=False)


def register(
    *,
    name: str,
    redirect_uris: Sequence[str] = (),
    scopes: Sequence[str] = (),
    grants: Sequence[str] = (),
    now: datetime,
) -> Registration:
    """Register a client. Without redirect URIs it can only have a code typed; without scopes, not renew tokens.

    Raises:
        Refused: the name, a redirect URI, a scope or a grant type cannot be.
    """
    shown = "".join(letter for letter in name if letter.isprintable()).strip()[:LONGEST_NAME]
    if not shown:
        raise Refused(Why.CLIENT_METADATA, "A client needs a name that people can read.")
    if len(redirect_uris) > MOST_REDIRECTS or None in map(_loopback, redirect_uris):
        raise Refused(
            Why.REDIRECT,
            f"Up to {MOST_REDIRECTS} redirect URIs, each http://127.0.0.1 with a path.",
        )
    if len(scopes) > MOST_SCOPES or not all(map(_is_scope, scopes)):
        raise Refused(Why.SCOPE, f"The scope here is {SCOPE}.")
    if not set(grants) <= set(Grant):
        raise Refused(Why.GRANT_TYPE, f"Grant types here are {', '.join(Grant)}.")
    known = [SCOPE] if SCOPE in scopes else []
    wanted = frozenset(map(Grant, grants)) or frozenset(Grant)
    wanted -= {Grant.CODE} if not redirect_uris else set()
    wanted -= {Grant.REFRESH} if not scopes else set()
    issued_at = datetime.fromtimestamp(int(now.timestamp()), UTC)
    registration = {
        "name": shown,
        "redirects": list(redirect_uris),
        "scopes": known,
        "grants": sorted(grant.name for grant in wanted),
        "at": int(issued_at.timestamp()),
        # Two that say the same are two clients.
        "nonce": secrets.token_urlsafe(9),
    }
    client_id = signing.Signer(salt=_IDS).sign_object(registration, compress=True)
    client = Client(client_id, shown, tuple(redirect_uris), tuple(known), wanted, issued_at)
    return Registration(client, signing.Signer(salt=_SECRETS).signature(client_id))


def known(*, client_id: str, now: datetime) -> Client:
    """Return the client with this id.

    Raises:
        Refused: none was given here, or it is older than 90 days.
    """
    try:
        found = signing.Signer(salt=_IDS).unsign_object(client_id)
    except (signing.BadSignature, ValueError) as error:
        raise _unknown("no client of this portal") from error
    client = Client(
        client_id=client_id,
        name=found["name"],
        redirect_uris=tuple(found["redirects"]),
        scopes=tuple(found["scopes"]),
        grants=frozenset(Grant[name] for name in found["grants"]),
        issued_at=datetime.fromtimestamp(found["at"], UTC),
    )
    if now >= client.expires_at:
        raise _unknown("a client's registration has expired")
    return client


def proven(*, client_id: str, secret: str, now: datetime) -> Client:
    """Return the client with this id and secret; raises as `known`."""
    try:
        signing.Signer(salt=_SECRETS).unsign(f"{client_id}:{secret}")
    except (signing.BadSignature, ValueError) as error:
        raise _unknown("a client's secret is wrong") from error
    return known(client_id=client_id, now=now)


def comes_back_to(client: Client, redirect_uri: str) -> bool:
    """Whether a redirect URI is one that the client registered, on whatever port (RFC 8252 section 7.3)."""
    asked = _loopback(redirect_uri)
    return asked is not None and asked in {_loopback(known) for known in client.redirect_uris}


def _loopback(uri: str) -> str | None:
    """Return the path of a redirect URI of this machine; None for every other."""
    found = _REDIRECT.fullmatch(uri) if len(uri) <= LONGEST_REDIRECT else None
    if found is None or int(found["port"] or 1) > 65535:
        return None
    return found["path"] or ""


def _is_scope(scope: str) -> bool:
    return scope == SCOPE or _IGNORED_SCOPE.fullmatch(scope) is not None


def _unknown(why: str) -> Refused:
    return Refused(
        Why.CLIENT,
        "This portal does not know the program that sent you. Delete the files in ~/.aws/sso/cache "
        "and run aws sso login again.",
        why,
    )
