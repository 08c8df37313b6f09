"""Build a subject from verified claims, under the names that each provider uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.types import Subject
from accounts.vouched_claims import is_denied, is_verified

# Claims that only the ID token may set: it is about this sign-in, userinfo is about the person
# (OpenID Connect Core 1.0 sections 2 and 5.1).
PROTOCOL_CLAIMS = frozenset(
    {"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "sid", "nonce", "at_hash", "c_hash"}
    | {"auth_time", "acr", "amr"}
)
# Claims that are needed at the sign-in only.
_ONE_TIME_CLAIMS = frozenset(("nonce", "at_hash", "c_hash"))
# User names that are addresses, and that a provider gives out rather than lets people choose.
_ADDRESSES = ("upn", "preferred_username")
_NAMES = ("name", "preferred_username", "nickname", "unique_name", "cognito:username")


def merge_userinfo(id_token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of both; userinfo adds, and replaces what it has a value for.

    Null, an empty text, list or object in userinfo erases nothing. Userinfo says nothing of
    PROTOCOL_CLAIMS. `email_verified` is taken from where the address is from: one document may not
    vouch for the address in the other.
    """
    merged = {name: value for name, value in id_token.items() if name not in _ONE_TIME_CLAIMS}
    added = {name: value for name, value in userinfo.items() if name not in PROTOCOL_CLAIMS}
    if _is_empty(added.get("email")):
        if not _is_empty(merged.get("email")):
            added.pop("email_verified", None)
    elif added["email"] != merged.get("email"):
        merged.pop("email_verified", None)
    for name, value in added.items():
        if name not in merged or not _is_empty(value):
            merged[name] = value
    return merged


def subject(*, issuer: str, claims: Mapping[str, Any]) -> Subject:
    """Return the subject that verified claims describe.

    Name and email are for people to read: Entra ID may send no email but a `preferred_username`,
    AD FS a `upn`. A verified email comes first, an unverified one last.
    """
    texts = {name: value for name, value in claims.items() if isinstance(value, str) and value}
    amr = claims.get("amr")
    email, verified = _address(texts, claims, issuer=issuer)
    return Subject(
        issuer=issuer,
        sub=claims["sub"],
        name=next((texts[name] for name in _NAMES if name in texts), ""),
        email=email,
        email_verified=verified,
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


def _address(
    texts: Mapping[str, str], claims: Mapping[str, Any], *, issuer: str
) -> tuple[str, bool]:
    """Return the address to call somebody by, and whether it is known to be theirs."""
    email = texts.get("email", "")
    if "@" not in email:
        email = ""
    if email and is_verified(claims, issuer=issuer):
        return email, True
    name = next((texts[name] for name in _ADDRESSES if "@" in texts.get(name, "")), "")
    if name and not is_denied(claims):
        return name, True
    return email or name, False


def _is_empty(value: object) -> bool:
    return value is None or value in ("", [], {})


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
