"""Verify a JWT that a program shows as its bearer token: RFC 6750, RFC 7519, RFC 8725, RFC 9068."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from accounts.errors import TokenRefused
from accounts.models import TrustedIssuer
from accounts.oidc import discovery, jwt, key_sets
from accounts.oidc.errors import (
    BearerJwtsNotSetUp,
    InvalidToken,
    IssuerUnavailable,
    ProviderMisconfigured,
    ProviderUnavailable,
)
from accounts.oidc.jwt import invalid
from accounts.oidc.subjects import subject
from accounts.types import Subject


class TokenKind(StrEnum):
    """What a JWT is, as API_TOKEN_TYPES names it; access tokens of RFC 9068 are always taken."""

    ACCESS = "at+jwt"
    BEARER = "Bearer"
    """An access token by Keycloak's own claim `typ`."""
    UNMARKED = "JWT"
    """A token that does not say what it is."""
    ID = "ID"


_ACCESS_TYPES = ("at+jwt", "application/at+jwt")
_ORDINARY_TYPES = ("", "jwt", "application/jwt")
# Claims that only ID tokens hold (OpenID Connect Core 1.0 sections 2 and 3.3.2.11).
_ID_TOKEN_CLAIMS = ("nonce", "at_hash", "c_hash", "s_hash")

# The message for each broken rule, shown by the program that sent the token.
_MESSAGES = {
    "format": "it is no signed JWT",
    "size": f"it is longer than {jwt.MAX_SIZE} bytes",
    "algorithm": "it is not signed with the algorithm that the portal is set to",
    "header": "its header asks for an extension that the portal does not support",
    "key": "it is signed with a key that its issuer does not publish",
    "signature": "its signature is wrong",
    "iss": "the portal does not trust its issuer",
    "sub": "it does not say about whom it is",
    "aud": "it is for another audience",
    "azp": "it was issued to another client",
    "type": "it is not of a kind that the portal takes, or it is bound to a key (DPoP, mutual TLS)",
    "exp": "it has expired, or does not say when it will",
    "iat": "it is not valid yet, or does not say since when it is",
    "nbf": "it is not valid yet",
}


@dataclass(frozen=True, slots=True)
class _Trust:
    """Which tokens of an issuer are taken: those for one of the audiences, or of one of the clients."""

    issuer: str
    jwks_uri: str
    algorithm: str
    audiences: frozenset[str]
    clients: frozenset[str] = frozenset()
    authorized_parties: frozenset[str] = frozenset()
    """The only clients whose tokens are taken; empty for any."""
    kinds: frozenset[str] = frozenset(TokenKind)
    for_workloads: bool = False


def verify(token: str, *, now: datetime) -> Subject:
    """Return the subject that a token proves, with the claims of the token.

    Raises:
        TokenRefused: the token breaks a rule; the code names it.
        BearerJwtsNotSetUp: no audience is configured.
        IssuerUnavailable: the keys of a trusted issuer could not be read.
        ProviderUnavailable, ProviderMisconfigured: those of the identity provider could not be read.
    """
    try:
        unverified = jwt.parse(token)
        if unverified.unverified_issuer == settings.OIDC_ISSUER:
            return replace(_person(unverified, now), bearer_jwt=token)
        return _workload(unverified, now)
    except InvalidToken as error:
        raise TokenRefused(
            f"The token is not accepted: {_MESSAGES.get(error.rule, 'it proves nothing here')}.",
            error.admin_message,
            code=f"token.{error.rule}",
        ) from error


def _person(unverified: jwt.UnverifiedJwt, now: datetime) -> Subject:
    if not settings.API_AUDIENCES and not settings.API_ACCEPT_AZP:
        raise BearerJwtsNotSetUp(
            "This portal takes no tokens of the identity provider: its API is not set up. Contact your "
            "portal admins: API_AUDIENCES names the audiences whose tokens it takes."
        )
    trust = _Trust(
        issuer=settings.OIDC_ISSUER,
        jwks_uri=discovery.provider().jwks_uri,
        algorithm=settings.OIDC_RP_SIGN_ALGO,
        audiences=frozenset(settings.API_AUDIENCES),
        clients=frozenset(settings.API_ACCEPT_AZP),
        authorized_parties=frozenset(settings.API_AUTHORIZED_PARTIES),
        kinds=frozenset({TokenKind.ACCESS, *settings.API_TOKEN_TYPES}),
    )
    return subject(issuer=trust.issuer, claims=_verified_claims(unverified, trust=trust, now=now))


def _workload(unverified: jwt.UnverifiedJwt, now: datetime) -> Subject:
    """Return a workload of a trusted issuer. CI systems mark their tokens as any kind, or not at all."""
    trusted = None
    if unverified.unverified_issuer not in ("", settings.BASE_URL):
        issuers = TrustedIssuer.objects.filter(url=unverified.unverified_issuer, enabled=True)
        trusted = issuers.first()
    if trusted is None:
        raise invalid("iss", f"The token says it is of {unverified.unverified_issuer!r:.200}.")
    try:
        trust = _Trust(
            issuer=trusted.url,
            jwks_uri=discovery.jwks_uri_of(trusted.url),
            algorithm=trusted.algorithm,
            audiences=frozenset(trusted.audiences),
            for_workloads=True,
        )
        claims = _verified_claims(unverified, trust=trust, now=now)
    except (ProviderUnavailable, ProviderMisconfigured) as error:
        raise IssuerUnavailable(
            "The keys of the token's issuer cannot be read right now. Try again in a minute. If it "
            "happens again, contact your portal admins.",
            error.admin_message,
        ) from error
    # A workload is what its sub says; a name or an email in its token is that of whoever started it.
    return Subject(issuer=trust.issuer, sub=claims["sub"], claims=claims, workload=True)


def _verified_claims(
    unverified: jwt.UnverifiedJwt, *, trust: _Trust, now: datetime
) -> dict[str, Any]:
    claims, typ = unverified.verify_signature(
        jwks_uri=trust.jwks_uri,
        algorithm=trust.algorithm,
        reload_interval=key_sets.RELOAD_INTERVAL,
        guarded=trust.for_workloads,
    )
    # joserfc does not check the kind of a token, nor `azp` and `client_id`.
    kind = _kind(claims, typ)
    if kind not in trust.kinds:
        raise invalid("type", f"The token is of the kind {kind}, which is not accepted.")
    client = claims.get("azp", claims.get("client_id"))
    client = client if isinstance(client, str) else None
    is_of_accepted_client = client in trust.clients
    if trust.authorized_parties and client not in trust.authorized_parties | trust.clients:
        raise invalid("azp", f"The token was issued to {client!r:.100}, no authorized party.")
    jwt.check_claims(
        claims,
        issuer=trust.issuer,
        audiences=None if is_of_accepted_client else trust.audiences,
        now=now,
    )
    if kind is TokenKind.ID and not is_of_accepted_client and not trust.for_workloads:
        _check_azp(claims, client=client, audiences=trust.audiences)
    return claims


def _kind(claims: dict[str, Any], typ: str) -> TokenKind:
    """Say what a token is: by its header, by Keycloak's and Cognito's own claims, by what only ID tokens hold."""
    if "cnf" in claims:
        # RFC 7800: it is for whoever holds a key, and nobody has shown one.
        raise invalid("type", "The token is bound to a key, and is no bearer token.")
    if "events" in claims:
        # RFC 8417: it tells what happened, a sign-out say. Not every provider marks it in the header.
        raise invalid("type", "The token tells of an event, and is no bearer token.")
    typ_claim = claims.get("typ")
    if typ in _ACCESS_TYPES:
        if typ_claim not in (None, TokenKind.BEARER):
            raise invalid("type", f"The access token's claim typ is {typ_claim!r:.40}.")
        return TokenKind.ACCESS
    if typ not in _ORDINARY_TYPES:
        raise invalid("type", f"The token's typ is {typ!r:.40}.")
    if typ_claim not in (None, TokenKind.BEARER, TokenKind.ID):
        raise invalid("type", f"The token's claim typ is {typ_claim!r:.40}.")
    if typ_claim == TokenKind.BEARER:
        return TokenKind.BEARER
    if (
        typ_claim == TokenKind.ID
        or claims.get("token_use") == "id"
        or any(name in claims for name in _ID_TOKEN_CLAIMS)
    ):
        return TokenKind.ID
    return TokenKind.UNMARKED


def _check_azp(claims: dict[str, Any], *, client: str | None, audiences: frozenset[str]) -> None:
    """Refuse an ID token that was issued to another client (OpenID Connect Core 1.0 section 3.1.3.7)."""
    is_for_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (is_for_several or "azp" in claims) and client not in audiences:
        raise invalid("azp", "The ID token was issued to another client.")
