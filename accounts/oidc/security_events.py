"""Verify what the identity provider tells the portal of its own accord: that somebody signed out, or was revoked.

OpenID Connect Back-Channel Logout 1.0 section 2.6, and the JWT with which a provider authenticates at the
global token revocation endpoint (draft-parecki-oauth-global-token-revocation).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.oidc import discovery, jwt, key_sets
from accounts.oidc.jwt import invalid

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE = timedelta(minutes=5)
"""A token that was issued earlier tells nothing new."""
_LOGOUT_TYPES = ("", "jwt", "application/jwt", "logout+jwt", "application/logout+jwt")
_REVOCATION_TYPES = ("global-token-revocation+jwt", "application/global-token-revocation+jwt")
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class SpendableToken:
    """What makes a token count once: its issuer, its `jti`, and how long it would be taken."""

    issuer: str
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LogoutToken(SpendableToken):
    """Who signed out at the provider: a person, one of their sessions there, or both; "" where it is not said."""

    sub: str
    sid: str


def verify_logout_token(token: object, *, now: datetime) -> LogoutToken:
    """Return what a logout token says.

    Raises:
        InvalidToken: the token breaks a rule.
        ProviderUnavailable, ProviderMisconfigured: the keys could not be read.
    """
    provider = discovery.provider()
    claims, typ = jwt.parse(token).verify_signature(
        jwks_uri=provider.jwks_uri,
        algorithm=settings.OIDC_RP_SIGN_ALGO,
        reload_interval=key_sets.RELOAD_INTERVAL,
    )
    if typ not in _LOGOUT_TYPES:
        raise invalid("type", "The token is another kind of token, no logout token.")
    spendable = _check(claims, issuer=provider.issuer, audience=settings.OIDC_RP_CLIENT_ID, now=now)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise invalid("events", "The token does not tell of a sign-out.")
    if "nonce" in claims:
        # So that no ID token can be used as a logout token.
        raise invalid("nonce", "A logout token has no nonce.")
    sub, sid = _text(claims, "sub"), _text(claims, "sid")
    if not (sub or sid):
        raise invalid("sub", "The token names neither a person nor a session.")
    return LogoutToken(spendable.issuer, spendable.jti, spendable.expires_at, sub=sub, sid=sid)


def verify_revocation_token(token: object, *, audience: str, now: datetime) -> SpendableToken:
    """Return what makes the JWT of a global token revocation count once, if it is the provider's.

    `audience` is the endpoint's own address.

    Raises:
        InvalidToken: the token breaks a rule.
        ProviderUnavailable, ProviderMisconfigured: the keys could not be read.
    """
    issuer = settings.GLOBAL_TOKEN_REVOCATION_ISSUER or settings.OIDC_ISSUER
    of_provider = issuer == settings.OIDC_ISSUER
    unverified = jwt.parse(token)
    claims, typ = unverified.verify_signature(
        jwks_uri=discovery.provider().jwks_uri if of_provider else discovery.jwks_uri_of(issuer),
        algorithm=settings.OIDC_RP_SIGN_ALGO,
        reload_interval=key_sets.RELOAD_INTERVAL,
        guarded=not of_provider,
    )
    # Nothing else that the provider signs, such as an ID token, has this type.
    if typ not in _REVOCATION_TYPES:
        raise invalid("type", f"The token's typ is {typ!r:.40}, not global-token-revocation+jwt.")
    return _check(claims, issuer=issuer, audience=audience, now=now)


def _check(claims: dict[str, Any], *, issuer: str, audience: str, now: datetime) -> SpendableToken:
    jwt.check_claims(claims, issuer=issuer, audiences=(audience,), now=now, about_somebody=False)
    issued_at = datetime.fromtimestamp(claims["iat"], tz=UTC)
    if issued_at < now - MAX_AGE:
        raise invalid("iat", "The token was issued more than five minutes ago.")
    jti = _text(claims, "jti")
    if not jti:
        raise invalid("jti", "The token has no jti, and could be used again.")
    # Later its age refuses it.
    return SpendableToken(issuer, jti, now + MAX_AGE + 2 * timedelta(seconds=jwt.LEEWAY))


def _text(claims: dict[str, Any], name: str) -> str:
    """Return a claim of text; "" if it is absent."""
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise invalid(name, f"The token's {name} is no usable text.")
    return value
