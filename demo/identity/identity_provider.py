"""The state of the provider: people, clients, keys, sessions, codes and tokens, all in memory."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from authlib.oauth2.rfc6749 import TokenMixin
from authlib.oauth2.rfc8628 import DeviceCredentialMixin
from authlib.oidc.core import AuthorizationCodeMixin
from joserfc.jwk import KeySet, RSAKey

from demo.identity.misbehaviour import Misbehaviour
from demo.identity.users import OAuthClient, User

CODE_LIFETIME = 60
DEVICE_LIFETIME = 600


@dataclass(frozen=True, slots=True)
class Session:
    """A person's session in one browser at the provider."""

    sid: str
    username: str
    auth_time: int


@dataclass(frozen=True, slots=True)
class AuthorizationCode(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib has no types.
    """An authorization code, and the request it answers."""

    client_id: str
    session: Session
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    expires_at: float

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.session.auth_time


@dataclass(slots=True)
class DeviceCode(DeviceCredentialMixin):  # type: ignore[misc]
    """A device code; the program polls with it until somebody has entered the user code."""

    client_id: str
    scope: str
    user_code: str
    expires_at: float
    interval: int
    asked_at: float = 0
    session: Session | None = None
    refused: bool = False

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_user_code(self) -> str:
        return self.user_code

    def is_expired(self) -> bool:
        return time.time() > self.expires_at


@dataclass(frozen=True, slots=True)
class IssuedToken(TokenMixin):  # type: ignore[misc]  # Authlib has no types.
    """An access token and its refresh token."""

    client: OAuthClient
    session: Session
    scope: str
    expires_at: float

    def check_client(self, client: OAuthClient) -> bool:
        return self.client.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_user(self) -> Session:
        return self.session

    def get_client(self) -> OAuthClient:
        return self.client

    def is_expired(self) -> bool:
        return time.time() > self.expires_at

    def is_revoked(self) -> bool:
        """Return False: revoked tokens are removed."""
        return False


@dataclass(slots=True)
class IdentityProvider:
    """An identity provider; `issuer` is set when it is served."""

    people: list[User]
    clients: list[OAuthClient]
    title: str = "Northwind demo sign-in"
    issuer: str = ""
    key_file: Path | None = None
    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)
    hits: Counter[str] = field(default_factory=Counter)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict, repr=False)
    device_codes: dict[str, DeviceCode] = field(default_factory=dict, repr=False)
    device_interval: int = 5
    """Seconds between two polls of a program."""
    access_tokens: dict[str, IssuedToken] = field(default_factory=dict, repr=False)
    refresh_tokens: dict[str, IssuedToken] = field(default_factory=dict, repr=False)
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    keys: list[RSAKey] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.keys = self.keys or [_stored_key(self.key_file)]

    @property
    def key(self) -> RSAKey:
        """The current signing key."""
        return self.keys[0]

    def key_set(self) -> KeySet:
        """Return the keys; their public parts are published."""
        return KeySet([*self.keys])

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Sign with a new key from now on; `keep_old` keeps the old one published."""
        self.keys = [_new_key(), *(self.keys if keep_old else ())]

    def now(self) -> int:
        """Return the provider's time, in seconds since 1970."""
        return int(time.time()) + self.misbehaviour.clock

    def person(self, username: str) -> User | None:
        """Return the user of this name, None if unknown or disabled."""
        return next((p for p in self.people if p.username == username and not p.disabled), None)

    def change(self, username: str, **changes: Any) -> None:
        """Change a user; the next token, userinfo and refresh show it."""
        self.people = [
            replace(person, **changes) if person.username == username else person
            for person in self.people
        ]

    def client(self, client_id: str) -> OAuthClient | None:
        return next((c for c in self.clients if c.client_id == client_id), None)

    def pending_device_code(self, user_code: str) -> DeviceCode | None:
        """Return the pending device code with this user code, however it is typed."""
        typed = "".join(filter(str.isalnum, user_code)).upper()
        return next(
            (
                pending
                for pending in self.device_codes.values()
                if pending.user_code.replace("-", "") == typed
                and not (pending.is_expired() or pending.session or pending.refused)
            ),
            None,
        )

    def revoke(self, token: IssuedToken) -> None:
        """Revoke all tokens of a token's session."""
        for tokens in (self.refresh_tokens, self.access_tokens):
            for text in [t for t, other in tokens.items() if other.session == token.session]:
                tokens.pop(text, None)

    def sign_in(self, username: str) -> Session | None:
        """Begin a session; return None for an unknown or disabled user."""
        if self.person(username) is None:
            return None
        session = Session(secrets.token_urlsafe(16), username, self.now())
        self.sessions[session.sid] = session
        return session

    def is_open(self, session: Session) -> bool:
        """Whether a session has not ended and its user is not disabled."""
        return session.sid in self.sessions and bool(self.person(session.username))

    def end_sessions(self, username: str) -> None:
        """End all sessions of a user at the provider."""
        for sid in [s.sid for s in self.sessions.values() if s.username == username]:
            self.sessions.pop(sid, None)

    def claims(self, session: Session) -> dict[str, Any]:
        """Return the claims of userinfo."""
        person = self.person(session.username)
        return person.standard_claims() if person else {}

    def id_token_claims(self, session: Session) -> dict[str, Any]:
        """Return the claims of the ID token, without those of the protocol."""
        person = self.person(session.username)
        if person is None:
            return {}
        return {
            **person.standard_claims(),
            "sid": session.sid,
            "auth_time": session.auth_time,
            "acr": person.acr,
            "amr": list(person.amr),
        }

    @contextmanager
    def misbehaving(self, **faults: Any) -> Iterator[None]:
        """Have these faults inside the block; they are the fields of `Misbehaviour`."""
        before = self.misbehaviour
        self.misbehaviour = Misbehaviour(**faults)
        try:
            yield
        finally:
            self.misbehaviour = before


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})


def _stored_key(path: Path | None) -> RSAKey:
    """Keep the key across restarts, so that older ID tokens still work as logout hints."""
    if path is None:
        return _new_key()
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_new_key().as_pem(private=True))
    key = RSAKey.import_key(path.read_bytes())
    return RSAKey.import_key(
        key.as_dict(private=True) | {"kid": key.thumbprint()[:8], "use": "sig", "alg": "RS256"}
    )
