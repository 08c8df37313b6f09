"""Build a subject from verified claims, under the names that each provider uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.types import Subject

# Claims that only the ID token may set: it is about this sign-in, userinfo is about the person
# (OpenID Connect Core 1.0 sections 2 and 5.1).
PROTOCOL_CLAIMS = frozenset(
    {"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "sid", "nonce", "at_hash", "c_hash"}
    | {"auth_time", "acr", "amr"}
)
# Claims that are needed at the sign-in only.
_ONE_TIME_CLAIMS = frozenset(("nonce", "at_hash", "c_hash"))
_EMAILS = ("email", "upn", "preferred_username")
_NAMES = ("name", "preferred_username", "nickname", "unique_name", "cognito:username")


def merge_userinfo(id_token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of both; userinfo wins, except for PROTOCOL_CLAIMS."""
    return {name: value for name, value in id_token.items() if name not in _ONE_TIME_CLAIMS} | {
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
        auth_time=parse_time(claims.get("auth_time")),
    )


def parse_time(value: object) -> datetime | None:
    """Return a time in UTC, or None if it cannot be read.

    OpenID Connect has seconds since 1970; AD FS may send them, or a date, as a text.
    """
    try:
        if isinstance(value, str) and not value.isdecimal():
            time = datetime.fromisoformat(value)
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), tz=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
