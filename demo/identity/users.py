"""The provider's users and clients."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin

from demo.identity import people_file

COMMAND_LINE, API = "gatehouse-cli", "gatehouse-api"
"""The demo's public client for the command line, and the audience of its access tokens."""
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})/callback")
_LAST_PORT = 65535
SCOPES = ("openid", "profile", "email", "groups", "offline_access")


@dataclass(frozen=True, slots=True)
class User:
    """A user of the provider; `claims` are added to the standard ones."""

    username: str
    groups: tuple[str, ...] = ()
    name: str = ""
    email: str = ""
    sub: str = ""
    about: str = ""
    acr: str = "1"
    amr: tuple[str, ...] = ("pwd",)
    disabled: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)

    def standard_claims(self) -> dict[str, Any]:
        """Return the claims that ID token and userinfo share."""
        return {
            "sub": self.sub or f"sub-{self.username}",
            "name": self.name or self.username.title(),
            "email": self.email or f"{self.username}@northwind.example",
            "email_verified": True,
            "preferred_username": self.username,
            "groups": list(self.groups),
            **self.claims,
        }


def load_users(path: Path) -> list[User]:
    """Read `[[person]]` tables whose keys are the fields of `User`.

    Raises:
        InvalidPeople: the file cannot be read or is not valid.
    """
    tables = people_file.read(path)
    for table in tables:
        table |= {name: tuple(v) for name, v in table.items() if isinstance(v, list)}
    return [User(**table) for table in tables]


@dataclass(frozen=True, slots=True)
class OAuthClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types.
    """A client: the portal, with a secret, or a public client for programs, without."""

    client_id: str
    secret: str = field(default="", repr=False)
    portal: str = "http://localhost:8000"
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    audience: str = ""
    """With an audience, access tokens are JWTs for this API (RFC 9068)."""

    @property
    def public(self) -> bool:
        """Whether it has no secret: a program on people's machines."""
        return not self.secret

    @property
    def client_metadata(self) -> dict[str, Any]:
        """What Authlib's logout reads."""
        own = (self.portal, f"{self.portal}/")
        return {"post_logout_redirect_uris": (*own, *self.post_logout_redirect_uris)}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a request must name its redirect URI."""

    def get_allowed_scope(self, scope: str) -> str:
        """Return the known scopes."""
        return " ".join(name for name in scope.split() if name in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare exactly; for public clients any port of this machine (RFC 8252 section 7.3)."""
        if self.public:
            match = _LOOPBACK.fullmatch(redirect_uri)
            return match is not None and int(match[1]) <= _LAST_PORT
        return redirect_uri in (f"{self.portal}/oidc/callback/", *self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        return not self.public and hmac.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Require the secret, in either way; public clients have none."""
        if self.public:
            return method == "none"
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        """Allow the code flow only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow codes and refresh tokens; for public clients device codes too."""
        return grant_type in ("authorization_code", "refresh_token") or (
            self.public and grant_type == DEVICE_CODE
        )
