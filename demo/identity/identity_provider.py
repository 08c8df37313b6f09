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
    """Somebody signed in at the provider in one browser."""

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
        """Where it was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What was asked for."""
        return self.scope

    def get_nonce(self) -> str | None:
        """What ties the ID token to the browser that asked."""
        return self.nonce

    def get_auth_time(self) -> int:
        """When the person signed in."""
        return self.session.auth_time


@dataclass(slots=True)
class DeviceCode(DeviceCredentialMixin):  # type: ignore[misc]
    """What a program without a browser waits with until somebody has entered the user code."""

    client_id: str
    scope: str
    user_code: str
    expires_at: float
    interval: int
    asked_at: float = 0
    session: Session | None = None
    refused: bool = False

    def get_client_id(self) -> str:
        """Who waits."""
        return self.client_id

    def get_scope(self) -> str:
        """What was asked for."""
        return self.scope

    def get_user_code(self) -> str:
        """What somebody enters."""
        return self.user_code

    def is_expired(self) -> bool:
        """Whether its time is over."""
        return time.time() > self.expires_at


@dataclass(frozen=True, slots=True)
class IssuedToken(TokenMixin):  # type: ignore[misc]  # Authlib has no types.
    """An access token and its refresh token."""

    client: OAuthClient
    session: Session
    scope: str
    expires_at: float

    def check_client(self, client: OAuthClient) -> bool:
        """Whether it was issued to this client."""
        return self.client.client_id == client.client_id

    def get_scope(self) -> str:
        """What it is good for."""
        return self.scope

    def get_user(self) -> Session:
        """Whose it is."""
        return self.session

    def get_client(self) -> OAuthClient:
        """To whom it was issued."""
        return self.client

    def is_expired(self) -> bool:
        """Whether its time is over."""
        return time.time() > self.expires_at

    def is_revoked(self) -> bool:
        """False: revoked tokens are forgotten."""
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
    """Seconds that a program waits between two questions."""
    access_tokens: dict[str, IssuedToken] = field(default_factory=dict, repr=False)
    refresh_tokens: dict[str, IssuedToken] = field(default_factory=dict, repr=False)
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    keys: list[RSAKey] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.keys = self.keys or [_stored_key(self.key_file)]

    @property
    def key(self) -> RSAKey:
        """The key that signs now."""
        return self.keys[0]

    def key_set(self) -> KeySet:
        """Return what the provider verifies with, and publishes the public parts of."""
        return KeySet([*self.keys])

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Sign with a new key from now on; the old one stays published only if asked."""
        self.keys = [_new_key(), *(self.keys if keep_old else ())]

    def now(self) -> int:
        """What the provider's clock shows, in seconds since 1970."""
        return int(time.time()) + self.misbehaviour.clock

    def person(self, username: str) -> User | None:
        """Find somebody who may sign in."""
        return next((p for p in self.people if p.username == username and not p.disabled), None)

    def change(self, username: str, **changes: Any) -> None:
        """Change somebody; it shows in the next token, userinfo or refresh."""
        self.people = [
            replace(person, **changes) if person.username == username else person
            for person in self.people
        ]

    def client(self, client_id: str) -> OAuthClient | None:
        """Find a client."""
        return next((c for c in self.clients if c.client_id == client_id), None)

    def waiting(self, user_code: str) -> DeviceCode | None:
        """Find the program that waits for a user code, however it was typed."""
        typed = "".join(filter(str.isalnum, user_code)).upper()
        return next(
            (
                found
                for found in self.device_codes.values()
                if found.user_code.replace("-", "") == typed
                and not (found.is_expired() or found.session or found.refused)
            ),
            None,
        )

    def forget(self, token: IssuedToken) -> None:
        """Revoke a refresh token, and the access tokens of its session."""
        for kept in (self.refresh_tokens, self.access_tokens):
            for text in [t for t, other in kept.items() if other.session == token.session]:
                kept.pop(text, None)

    def sign_in(self, username: str) -> Session | None:
        """Begin a session; None for somebody unknown or disabled."""
        if self.person(username) is None:
            return None
        session = Session(secrets.token_urlsafe(16), username, self.now())
        self.sessions[session.sid] = session
        return session

    def is_open(self, session: Session) -> bool:
        """Whether a session stands and its person may still sign in."""
        return session.sid in self.sessions and bool(self.person(session.username))

    def end_sessions(self, username: str) -> None:
        """Sign somebody out everywhere at the provider."""
        for sid in [s.sid for s in self.sessions.values() if s.username == username]:
            self.sessions.pop(sid, None)

    def claims(self, session: Session) -> dict[str, Any]:
        """Return what userinfo says about the person of a session."""
        person = self.person(session.username)
        return person.standard_claims() if person else {}

    def id_token_claims(self, session: Session) -> dict[str, Any]:
        """Return what the ID token says besides the protocol's own claims."""
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
        """Misbehave inside the block, as the fields of `Misbehaviour` say."""
        before = self.misbehaviour
        self.misbehaviour = Misbehaviour(**faults)
        try:
            yield
        finally:
            self.misbehaviour = before


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})


def _stored_key(path: Path | None) -> RSAKey:
    """Keep one key across restarts, so that tokens of yesterday still sign people out today."""
    if path is None:
        return _new_key()
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_new_key().as_pem(private=True))
    key = RSAKey.import_key(path.read_bytes())
    return RSAKey.import_key(
        key.as_dict(private=True) | {"kid": key.thumbprint()[:8], "use": "sig", "alg": "RS256"}
    )
