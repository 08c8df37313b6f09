"""The identity provider: its addresses (OpenID Connect Discovery 1.0) and its token endpoint (RFC 6749)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gatehouse_client import web
from gatehouse_client.errors import Failed, plain
from gatehouse_client.portal import Facts

LIFETIME = 300
"""Seconds that a token counts when nobody says for how long it is good."""
LONGEST = 365 * 24 * 3600
"""Seconds that a token counts at most, whatever the provider says."""


class Refused(Failed):
    """The provider says no; `code` is its error (RFC 6749 section 5.2, RFC 8628 section 3.5)."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"The identity provider refuses: {plain(description or code)}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Proof:
    """PKCE: a secret that is only told at the end (RFC 7636, S256)."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def parameters(self) -> dict[str, str]:
        """What is sent at the beginning."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"code_challenge": challenge, "code_challenge_method": "S256"}


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint gave: what the portal is shown, for how long (seconds), and how to renew it."""

    bearer: str = field(repr=False)
    lifetime: int
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as its discovery document describes it."""

    facts: Facts
    document: Mapping[str, Any] = field(repr=False)

    def endpoint(self, name: str) -> str:
        """Return an address of the document; nothing if it names none.

        Raises:
            Failed: it is one that tokens must not be sent to.
        """
        found = self.document.get(name) or ""
        if found and not web.is_safe(found):
            raise Failed(f"The identity provider's {name} is neither https nor on this machine.")
        return str(found)

    def asked(self) -> dict[str, str]:
        """Return what every request for a sign-in says: who asks, for what, to use where."""
        found = {
            "client_id": self.facts.client_id,
            "scope": " ".join(self.facts.scopes),
            "audience": self.facts.audience,
            "resource": self.facts.resource,
        }
        return {name: value for name, value in found.items() if value}

    def grant(self, **form: str) -> Granted:
        """Ask the token endpoint.

        Raises:
            Refused: it says no.
            Failed: it cannot be reached, or answers with something else.
        """
        form["client_id"] = self.facts.client_id
        if self.facts.resource:
            form["resource"] = self.facts.resource
        answer = web.ask(self.endpoint("token_endpoint"), form=form)
        found = answer.json()
        if answer.status != 200:
            raise Refused(str(found.get("error", answer.status)), _text(found, "error_description"))
        return self._granted(found)

    def revoke(self, token: str) -> bool:
        """Give a token back (RFC 7009); whether the provider takes any."""
        if not (endpoint := self.endpoint("revocation_endpoint")):
            return False
        form = {"token": token, "client_id": self.facts.client_id}
        return web.ask(endpoint, form=form).status == 200

    def _granted(self, found: dict[str, Any]) -> Granted:
        bearer = _text(found, f"{self.facts.token}_token")
        is_one = bearer.isascii() and bearer.isprintable()  # RFC 6749 appendix A.12.
        if _text(found, "token_type").lower() != "bearer" or not bearer or not is_one:
            raise Failed(f"The identity provider gave no {self.facts.token} token.")
        lifetime = found.get("expires_in")
        if self.facts.token == "id":  # noqa: S105 - a kind, no secret
            lifetime = _lifetime(bearer)
        if not isinstance(lifetime, int | float) or not lifetime > 0:
            lifetime = LIFETIME
        return Granted(bearer, int(min(lifetime, LONGEST)), _text(found, "refresh_token"))


def discover(facts: Facts) -> Provider:
    """Read the provider's document.

    Raises:
        Failed: it cannot be read, is another provider's, or names no address for tokens.
    """
    issuer = facts.issuer
    document = web.ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration").json()
    if document.get("issuer") != issuer:
        raise Failed(f"The document of {plain(issuer)} is that of another identity provider.")
    found = Provider(facts, document)
    if not found.endpoint("token_endpoint"):
        raise Failed(f"The document of {plain(issuer)} names no token_endpoint.")
    return found


def host(facts: Facts) -> str:
    """Return the name of the provider's machine, to say where people are sent."""
    return plain(urlsplit(facts.issuer).netloc)


def _lifetime(id_token: str) -> float | None:
    """Return for how long an ID token is good, by its own times: this machine's clock may be wrong."""
    with contextlib.suppress(ValueError, ArithmeticError, LookupError, TypeError, RecursionError):
        payload = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"] - claims["iat"])
    return None


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
