"""Which claims count: none that pretend to be the portal's own, and no e-mail address that nobody verified."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.claims import OF_THE_PORTAL
from accounts.types import Claims, Subject

NOT_VERIFIED_HINT = (
    "An e-mail address counts only where the identity provider says “email_verified”: true with it. If "
    "yours verifies every address and does not say so, set OIDC_EMAIL_IS_VERIFIED=True; docs/providers/ "
    "says for which providers that is right."
)

# A claim's key, or a path or URL that ends in it.
_EMAIL = re.compile(r"(?:^|[./:])(?:emails?|mail)$", re.IGNORECASE)


def vouched_for(subject: Subject) -> Claims:
    """Return the claims that count.

    Those with the portal's prefix count only if the portal set them: so no provider, and nobody who
    can name claims there, can pass for a machine of the portal. E-mail addresses count only if they
    are verified: anybody can register with the address of somebody else.
    """
    if subject.workload and subject.token_id is not None:
        return subject.claims
    return counted(subject.claims, issuer=subject.issuer)


def counted(claims: Claims, *, issuer: str) -> Claims:
    """Return those of an issuer's claims that count; see `vouched_for`."""
    of_issuer = {
        name: value for name, value in claims.items() if not name.startswith(OF_THE_PORTAL)
    }
    return without_unverified(of_issuer, issuer=issuer)


def is_email_claim(path: str) -> bool:
    """Whether a claim of this name, or at this path, holds e-mail addresses."""
    return _EMAIL.search(path) is not None


def is_verified(claims: Claims, *, issuer: str) -> bool:
    """Whether the addresses in these claims count.

    They do if `email_verified` is true (Amazon Cognito sends the text "true"), or if it is absent and
    the operator vouches for the addresses of OIDC_ISSUER. If it is false they never do.
    """
    said = claims.get("email_verified")
    if said is None:
        return bool(settings.OIDC_EMAIL_IS_VERIFIED) and issuer == settings.OIDC_ISSUER
    return said is True or said == "true"


def is_denied(claims: Claims) -> bool:
    """Whether the provider says itself that it has not verified the address."""
    return claims.get("email_verified") is not None and not is_verified(claims, issuer="")


def without_unverified(claims: Claims, *, issuer: str) -> Claims:
    """Return the claims without addresses that do not count, in objects within them too.

    Where the provider says that the address is not verified, it does not count under another name
    either: Keycloak can use it as `preferred_username`.
    """
    verified = is_verified(claims, issuer=issuer)
    address = _folded(claims.get("email")) if is_denied(claims) else None
    counted: dict[str, Any] = {}
    for name, value in claims.items():
        if isinstance(value, Mapping):
            counted[name] = without_unverified(value, issuer=issuer)
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            counted[name] = [
                without_unverified(item, issuer=issuer) if isinstance(item, Mapping) else item
                for item in value
                if verified or not is_email_claim(name)
            ]
        elif verified or not (
            is_email_claim(name) or (address is not None and _folded(value) == address)
        ):
            counted[name] = value
    return counted


def _folded(value: object) -> str | None:
    return value.strip().casefold() if isinstance(value, str) else None
