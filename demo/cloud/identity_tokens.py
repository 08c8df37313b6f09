"""Web identity tokens, verified as STS does: by the keys that their issuer publishes, at each call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html (claims for tags)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from demo.cloud.answers import Refused
from demo.cloud.issuers import no_key

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
SKEW = 300
"""Seconds after `exp` in which IAM still takes a token."""
_LONGEST_SUBJECT = 255
_TAGS = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityToken:
    """A verified token. `audience` is its `azp` where it has one, else its `aud`."""

    subject: str
    audience: str
    original_audience: str = ""
    methods: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""


def issuer_of(token: str) -> str:
    """Return the issuer that a token claims to be of.

    Raises:
        Refused: it is not a JWT.
    """
    try:
        issuer = jwt.decode_complete(token, options={"verify_signature": False})["payload"]["iss"]
    except (jwt.InvalidTokenError, LookupError, TypeError):
        issuer = None
    if not isinstance(issuer, str) or not issuer:
        raise _bad(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        )
    return issuer


def verify(token: str, *, client_ids: list[str], keys: list[Any]) -> IdentityToken:
    """Verify a token by the keys of its issuer and the client ids of the provider in IAM.

    Raises:
        Refused: its signature, times, audience, subject or tags are not as AWS wants them.
    """
    claims = _signed(token, keys)
    _check_times(claims)
    audience, original = _audience(claims, client_ids)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= _LONGEST_SUBJECT:
        raise _bad("Missing a required claim: sub")
    source_identity = claims.get(_SOURCE_IDENTITY, "")
    if not isinstance(source_identity, str):
        raise _bad("The source identity in the token is not valid", why="it is not text")
    tags, transitive = _tags(claims.get(_TAGS, {}))
    methods = claims.get("amr", [])
    return IdentityToken(
        subject=subject,
        audience=audience,
        original_audience=original,
        methods=tuple(map(str, methods if isinstance(methods, list) else [methods])),
        tags=tags,
        transitive=transitive,
        source_identity=source_identity,
    )


def _signed(token: str, keys: list[Any]) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise _bad("The token's algorithm is not supported", why=f"alg is {header.get('alg')!r}")
    found = [key for key in keys if key.get("kid") == header.get("kid") and "kid" in header]
    if len(found) != 1:
        raise no_key(f"{len(found)} keys of the JWKS have the kid {header.get('kid')!r}")
    try:
        key = jwt.PyJWK(found[0], algorithm=header["alg"])
        return jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            # By AWS's rules and with its messages, below.
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_sub": False,
            },
        )
    except jwt.PyJWTError as error:
        raise _bad("The token's signature is invalid", why=type(error).__name__) from None


def _check_times(claims: dict[str, Any]) -> None:
    now = int(time.time())
    for name in ("iat", "exp"):
        if name not in claims:
            raise _bad(f"Missing a required claim: {name}")
        if type(claims[name]) is not int:
            raise _bad(f"The claim {name} is not an integer")
    if now >= claims["exp"] + SKEW:
        raise Refused(
            "ExpiredTokenException",
            f"Token expired: current date/time {now} must be before the expiration date/time{claims['exp']}",
        )
    not_before = claims.get("nbf", claims["iat"])
    if not isinstance(not_before, int) or max(claims["iat"], not_before) > now + SKEW:
        raise _bad("The token is not valid yet")


def _audience(claims: dict[str, Any], client_ids: list[str]) -> tuple[str, str]:
    """Return the audience that STS compares, and the other one where `azp` took its place."""
    if "aud" not in claims:
        raise _bad("Missing a required claim: aud")
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    audience = claims.get("azp", audiences[0] if len(audiences) == 1 else None)
    if audience not in client_ids:
        raise _bad("Incorrect token audience")
    return audience, str(audiences[0]) if "azp" in claims else ""


def _tags(claim: Any) -> tuple[dict[str, str], frozenset[str]]:
    try:
        tags = {key: value for key, (value,) in claim.get("principal_tags", {}).items()}
        transitive = frozenset(claim.get("transitive_tag_keys", []))
    except (AttributeError, TypeError, ValueError):
        raise _bad("The tags in the token are not valid", why="one-element lists of text") from None
    if not all(isinstance(text, str) for text in (*tags.values(), *transitive)):
        raise _bad("The tags in the token are not valid", why="values are text")
    return tags, transitive


def _bad(message: str, *, why: str = "") -> Refused:
    return Refused("InvalidIdentityToken", message, why=why)
