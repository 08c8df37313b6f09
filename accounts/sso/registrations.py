"""OAuth clients: each AWS CLI registers as one.

Registrations are signed and not stored: anybody can register, and must not fill a table, and an AWS
CLI uses its registration for 90 days even if the server has lost it. The client id is the
registration, signed with a key of the database's own, so that a rotation of SECRET_KEY breaks no
command line; the secret is a signature of the id. They prove only that this portal issued them.
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

from accounts.models import RegistrationKey
from accounts.sso.errors import ClientRefused, RefusalReason

LIFETIME = timedelta(days=90)
SCOPE = "sso:account:access"
# The tool Granted requests this scope; it is accepted and gives nothing.
_IGNORED_SCOPE = re.compile(r"sso-portal:[*a-z:_-]{1,40}")
MAX_NAME = 64
MAX_REDIRECTS, MAX_REDIRECT_LENGTH = 3, 128
MAX_SCOPES = 10
# RFC 8252 section 7.3: this machine by its address; `localhost` may be another one. IPv6's ::1 is not
# accepted: no content security policy can name it, and no AWS CLI uses it.
_REDIRECT = re.compile(
    r"http://127\.0\.0\.1(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>/[A-Za-z0-9._~/-]*)?"
)
_ID_SALT, _SECRET_SALT = "accounts.sso.client", "accounts.sso.client-secret"


class Grant(StrEnum):
    """How a client gets tokens, in OAuth's words."""

    CODE = "authorization_code"
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
    REFRESH = "refresh_token"


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client as it registered. Nobody has verified its name."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    grants: frozenset[Grant]
    issued_at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LIFETIME

    @property
    def digest(self) -> str:
        """The digest of its id, which approvals store."""
        return hashlib.sha256(self.client_id.encode()).hexdigest()

    def check_grant(self, grant: Grant) -> None:
        """Check that it registered for this grant.

        Raises:
            ClientRefused: it did not.
        """
        if grant not in self.grants:
            raise ClientRefused(
                RefusalReason.NOT_FOR_CLIENT,
                "This client did not register for that. Sign in again with aws sso login.",
                f"the client may not use {grant}",
            )

    def has_registered(self, redirect_uri: str) -> bool:
        """Whether it registered this redirect URI, on any port (RFC 8252 section 7.3)."""
        path = _loopback_path(redirect_uri)
        return path is not None and path in map(_loopback_path, self.redirect_uris)


@dataclass(frozen=True, slots=True)
class Registration:
    """A new client and its secret."""

    client: RegisteredClient
    secret: str = field(repr=False)


def register(
    *,
    name: str,
    redirect_uris: Sequence[str] = (),
    scopes: Sequence[str] = (),
    grants: Sequence[str] = (),
    now: datetime,
) -> Registration:
    """Register a client. Without redirect URIs it has only the device flow; without scopes, no refresh tokens.

    Raises:
        ClientRefused: the name, a redirect URI, a scope or a grant type cannot be.
    """
    shown = "".join(letter for letter in name if letter.isprintable()).strip()[:MAX_NAME]
    if not shown:
        raise ClientRefused(
            RefusalReason.CLIENT_METADATA, "A client needs a name that people can read."
        )
    if len(redirect_uris) > MAX_REDIRECTS or None in map(_loopback_path, redirect_uris):
        raise ClientRefused(
            RefusalReason.REDIRECT,
            f"Up to {MAX_REDIRECTS} redirect URIs, each http://127.0.0.1 with a path.",
        )
    if len(scopes) > MAX_SCOPES or not all(map(_is_scope, scopes)):
        raise ClientRefused(RefusalReason.SCOPE, f"The scope here is {SCOPE}.")
    if not set(grants) <= set(Grant):
        raise ClientRefused(RefusalReason.GRANT_TYPE, f"Grant types here are {', '.join(Grant)}.")
    known_scopes = [SCOPE] if SCOPE in scopes else []
    allowed = frozenset(map(Grant, grants)) or frozenset(Grant)
    allowed -= {Grant.CODE} if not redirect_uris else set()
    allowed -= {Grant.REFRESH} if not scopes else set()
    issued_at = datetime.fromtimestamp(int(now.timestamp()), UTC)
    registration = {
        "name": shown,
        "redirects": list(redirect_uris),
        "scopes": known_scopes,
        "grants": sorted(grant.name for grant in allowed),
        "at": int(issued_at.timestamp()),
        # Two registrations with the same content are two clients.
        "nonce": secrets.token_urlsafe(9),
    }
    key = _new_or_current_key()
    client_id = _signer(key, _ID_SALT).sign_object(registration, compress=True)
    client = RegisteredClient(
        client_id, shown, tuple(redirect_uris), tuple(known_scopes), allowed, issued_at
    )
    return Registration(client, _signer(key, _SECRET_SALT).signature(client_id))


def get(*, client_id: str, now: datetime) -> RegisteredClient:
    """Return the client with this id.

    Raises:
        ClientRefused: this portal did not issue it, or it is older than 90 days.
    """
    try:
        registration = _signer(_current_key(), _ID_SALT).unsign_object(client_id)
    except (signing.BadSignature, ValueError) as error:
        raise _unknown("no client of this portal") from error
    client = RegisteredClient(
        client_id=client_id,
        name=registration["name"],
        redirect_uris=tuple(registration["redirects"]),
        scopes=tuple(registration["scopes"]),
        grants=frozenset(Grant[name] for name in registration["grants"]),
        issued_at=datetime.fromtimestamp(registration["at"], UTC),
    )
    if now >= client.expires_at:
        raise _unknown("a client's registration has expired")
    return client


def authenticate(*, client_id: str, secret: str, now: datetime) -> RegisteredClient:
    """Return the client with this id and secret; raises as `get`."""
    try:
        _signer(_current_key(), _SECRET_SALT).unsign(f"{client_id}:{secret}")
    except (signing.BadSignature, ValueError) as error:
        raise _unknown("a client's secret is wrong") from error
    return get(client_id=client_id, now=now)


def _signer(key: str, salt: str) -> signing.Signer:
    return signing.Signer(key=key, salt=salt, fallback_keys=[])


def _new_or_current_key() -> str:
    created, _ = RegistrationKey.objects.get_or_create(defaults={"key": secrets.token_urlsafe(32)})
    return created.key


def _current_key() -> str:
    """Return the key of registrations; raises ClientRefused where nobody has ever registered."""
    key = RegistrationKey.objects.values_list("key", flat=True).first()
    if key is None:
        raise _unknown("no client has ever registered")
    return key


def _loopback_path(uri: str) -> str | None:
    """Return the path of a redirect URI to this machine; None for any other URI."""
    match = _REDIRECT.fullmatch(uri) if len(uri) <= MAX_REDIRECT_LENGTH else None
    if match is None or int(match["port"] or 1) > 65535:
        return None
    return match["path"] or ""


def _is_scope(scope: str) -> bool:
    return scope == SCOPE or _IGNORED_SCOPE.fullmatch(scope) is not None


def _unknown(admin_message: str) -> ClientRefused:
    return ClientRefused(
        RefusalReason.CLIENT,
        "This portal does not know the program that sent you. Delete the files in ~/.aws/sso/cache "
        "and run aws sso login again.",
        admin_message,
    )
