"""The identity provider: its discovery document (OpenID Connect Discovery 1.0) and token endpoint (RFC 6749)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatehouse_client import transport
from gatehouse_client.errors import CommandFailed, printable
from gatehouse_client.portal import SignInSettings

DEFAULT_LIFETIME = 300
"""Seconds that a token is used if the provider does not say how long it is valid."""
MAX_LIFETIME = 365 * 24 * 3600
"""Seconds that a token is used at most, whatever the provider says."""


class OAuthError(CommandFailed):
    """The provider's error; `code` is that of RFC 6749 section 5.2 or RFC 8628 section 3.5."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(
            f"The identity provider refused the request: {printable(description or code)}"
        )
        self.code = code


@dataclass(frozen=True, slots=True)
class Pkce:
    """A verifier, sent with the code, and its S256 challenge, sent with the sign-in request (RFC 7636)."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the sign-in request."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"code_challenge": challenge, "code_challenge_method": "S256"}


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """The bearer token for the portal, its lifetime in seconds, and the refresh token, or ""."""

    bearer: str = field(repr=False)
    lifetime: int
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderApi:
    """The endpoints of a provider, as its discovery document names them."""

    settings: SignInSettings
    document: Mapping[str, Any] = field(repr=False)

    def endpoint(self, name: str) -> str:
        """Return a URL of the document, "" if it has none of this name.

        Raises:
            CommandFailed: tokens must not be sent to this URL.
        """
        url = self.document.get(name) or ""
        if url and not transport.is_safe_url(url):
            raise CommandFailed(
                f"The identity provider's {name} is neither https nor on this machine."
            )
        return str(url)

    def sign_in_parameters(self) -> dict[str, str]:
        """Return the parameters that every sign-in request has."""
        parameters = {
            "client_id": self.settings.client_id,
            "scope": " ".join(self.settings.scopes),
            "audience": self.settings.audience,
            "resource": self.settings.resource,
        }
        return {name: value for name, value in parameters.items() if value}

    def request_tokens(self, **form: str) -> TokenResponse:
        """Send a grant to the token endpoint.

        Raises:
            OAuthError: the provider refuses it.
            CommandFailed: it cannot be reached, or its answer is not a token response.
        """
        form["client_id"] = self.settings.client_id
        if self.settings.resource:
            form["resource"] = self.settings.resource
        response = transport.send(self.endpoint("token_endpoint"), form=form)
        content = response.json()
        if response.status != 200:
            raise OAuthError(
                str(content.get("error", response.status)), _text(content, "error_description")
            )
        return self._token_response(content)

    def revoke(self, token: str) -> bool:
        """Revoke a token (RFC 7009); return whether the provider did."""
        if not (endpoint := self.endpoint("revocation_endpoint")):
            return False
        form = {"token": token, "client_id": self.settings.client_id}
        return transport.send(endpoint, form=form).status == 200

    def _token_response(self, content: dict[str, Any]) -> TokenResponse:
        kind = self.settings.token
        bearer = _text(content, f"{kind}_token")
        is_token = bearer and bearer.isascii() and bearer.isprintable()  # RFC 6749 appendix A.12.
        if not is_token or _text(content, "token_type").lower() != "bearer":
            raise CommandFailed(f"The identity provider sent no {kind} token.")
        lifetime = _id_token_lifetime(bearer) if kind == "id" else content.get("expires_in")
        if not isinstance(lifetime, int | float) or not lifetime > 0:
            lifetime = DEFAULT_LIFETIME
        return TokenResponse(
            bearer, int(min(lifetime, MAX_LIFETIME)), _text(content, "refresh_token")
        )


def discover(settings: SignInSettings) -> ProviderApi:
    """Read the provider's discovery document.

    Raises:
        CommandFailed: it cannot be read, is for another issuer, or names no token endpoint.
    """
    issuer = settings.issuer
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = transport.send(url).json()
    if document.get("issuer") != issuer:
        raise CommandFailed(
            f"The discovery document of {printable(issuer)} is for another identity provider."
        )
    api = ProviderApi(settings, document)
    if not api.endpoint("token_endpoint"):
        raise CommandFailed(
            f"The discovery document of {printable(issuer)} names no token_endpoint."
        )
    return api


def _id_token_lifetime(id_token: str) -> float | None:
    """Return the seconds from `iat` to `exp`; the clock of this machine, which may be wrong, is not used."""
    with contextlib.suppress(ValueError, ArithmeticError, LookupError, TypeError, RecursionError):
        payload = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"] - claims["iat"])
    return None


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""
