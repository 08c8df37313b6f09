"""Read a subject out of verified claims, whatever the provider calls things."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.types import Subject

# What the ID token alone may say: it is about this sign-in, userinfo is about the person
# (OpenID Connect Core 1.0 sections 2 and 5.1).
PROTOCOL_CLAIMS = frozenset(
    {"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "sid", "nonce", "at_hash", "c_hash"}
    | {"auth_time", "acr", "amr"}
)
# Of use at the sign-in itself and never again.
_SPENT_CLAIMS = frozenset(("nonce", "at_hash", "c_hash"))
_EMAILS = ("email", "upn", "preferred_username")
_NAMES = ("name", "preferred_username", "nickname", "unique_name", "cognito:username")


def merged(id_token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ID token's claims with userinfo's over them, the protocol's own claims excepted."""
    return {name: value for name, value in id_token.items() if name not in _SPENT_CLAIMS} | {
        name: value for name, value in userinfo.items() if name not in PROTOCOL_CLAIMS
    }


def subject(*, issuer: str, claims: Mapping[str, Any]) -> Subject:
    """Return the subject that verified claims describe.

    Name and email are for people to read: Entra ID may send no email but a `preferred_username`,
    AD FS a `upn`.
    """
    texts = {name: value for name, value in claims.items() if isinstance(value, str) and value}
    amr = claims.get("amr")
    return Subject(
        issuer=issuer,
        sub=claims["sub"],
        name=next((texts[name] for name in _NAMES if name in texts), ""),
        email=next((texts[name] for name in _EMAILS if "@" in texts.get(name, "")), ""),
        claims=claims,
        acr=texts.get("acr", ""),
        amr=tuple(item for item in _listed(amr) if isinstance(item, str)),
        auth_time=moment(claims.get("auth_time")),
    )


def moment(value: object) -> datetime | None:
    """Return a point in time, in UTC; None where there is none.

    OpenID Connect asks for seconds since 1970; AD FS may send them, or a date, as a text.
    """
    try:
        if isinstance(value, str) and not value.isdecimal():
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), tz=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
