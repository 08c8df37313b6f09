"""Verify a JWT as a bearer token: RFC 6750, RFC 7519, RFC 8725, RFC 9068."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import TrustedIssuer
from accounts.oidc import jwt, keys, provider
from accounts.oidc.errors import ProviderMisconfigured, ProviderUnavailable, TokenRefused
from accounts.oidc.jwt import refused
from accounts.oidc.subjects import subject
from accounts.types import Subject
from portal.api import errors

BEARER, UNMARKED, ID = "Bearer", "JWT", "ID"
KINDS = (BEARER, UNMARKED, ID)
"""What API_TOKEN_TYPES may name, beside the access tokens of RFC 9068, which are always taken."""

_ACCESS = ("at+jwt", "application/at+jwt")
_ORDINARY = ("", "jwt", "application/jwt")
# What only ID tokens hold (OpenID Connect Core 1.0 sections 2 and 3.3.2.11).
_MARKS_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash", "s_hash")

# What a refusal means, for the person who reads what their program printed.
_WORDS = {
    "format": "it is no signed JWT",
    "size": f"it is longer than {jwt.MAX_SIZE} bytes",
    "algorithm": "it is not signed with the algorithm that the portal is set to",
    "header": "its header asks for what the portal does not do",
    "key": "it is signed with a key that its issuer does not publish",
    "signature": "its signature is wrong",
    "iss": "it is of an issuer that the portal does not trust",
    "sub": "it does not say about whom it is",
    "aud": "it is for another audience",
    "azp": "it was issued to another client",
    "type": "it is not of a kind that the portal takes",
    "exp": "it has expired, or does not say when it will",
    "iat": "it is not valid yet, or does not say since when it is",
    "nbf": "it is not valid yet",
}


@dataclass(frozen=True, slots=True)
class _Trust:
    """What is believed of an issuer's tokens. A token is for us by its audience, or by its client."""

    issuer: str
    jwks_uri: str
    algorithm: str
    audiences: frozenset[str]
    clients: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    workload: bool = False


def verify(token: str, *, now: datetime) -> Subject:
    """Return the subject that a token proves, with the claims it brings.

    Raises:
        errors.TokenRefused: any rule is broken; the code says which.
        errors.NotSetUp: no audience is configured.
        errors.IssuerUnavailable, ProviderUnavailable, ProviderMisconfigured: keys could not be read.
    """
    try:
        unproven = jwt.read(token)
        trust = _trust(unproven.claimed_issuer)
        claims, typ = unproven.proven(
            jwks_uri=trust.jwks_uri,
            algorithm=trust.algorithm,
            apart=keys.FROM_ANYBODY,
            guarded=trust.workload,
        )
        jwt.check_identity(claims, issuer=trust.issuer)
        kind = _kind(claims, typ)
        if kind not in trust.kinds:
            raise refused("type", f"The token is of the kind {kind}, which is not accepted.")
        _check_audience(claims, trust=trust, kind=kind)
        jwt.check_times(claims, now=now.timestamp())
    except TokenRefused as error:
        what = error.code.rpartition(".")[2]
        raise errors.TokenRefused(
            f"The token is not accepted: {_WORDS.get(what, 'it proves nothing here')}.",
            error.admin_message,
            code=f"token.{what}",
        ) from error
    except (ProviderUnavailable, ProviderMisconfigured) as error:
        if unproven.claimed_issuer == settings.OIDC_ISSUER:
            raise
        raise errors.IssuerUnavailable(
            "The keys of the token's issuer cannot be read right now. Try again in a minute; if it "
            "goes on, tell the people who run this portal.",
            error.admin_message,
        ) from error
    if trust.workload:
        # A workload is what its sub says; a name or an email in its token is that of whoever started it.
        return Subject(issuer=trust.issuer, sub=claims["sub"], claims=claims, workload=True)
    return subject(issuer=trust.issuer, claims=claims)


def _trust(claimed_issuer: str) -> _Trust:
    if claimed_issuer != settings.OIDC_ISSUER:
        return _trust_in_workloads(claimed_issuer)
    if not settings.API_AUDIENCES and not settings.API_ACCEPT_AZP:
        raise errors.NotSetUp(
            "This portal takes no tokens of the identity provider: its API is not set up. "
            "Tell the people who run it: API_AUDIENCES names the audiences whose tokens it takes."
        )
    return _Trust(
        issuer=settings.OIDC_ISSUER,
        jwks_uri=provider.current().jwks_uri,
        algorithm=settings.OIDC_RP_SIGN_ALGO,
        audiences=frozenset(settings.API_AUDIENCES),
        clients=frozenset(settings.API_ACCEPT_AZP),
        kinds=frozenset({_ACCESS[0], *settings.API_TOKEN_TYPES}),
    )


def _trust_in_workloads(claimed_issuer: str) -> _Trust:
    trusted = None
    if claimed_issuer and claimed_issuer != settings.BASE_URL:
        trusted = TrustedIssuer.objects.filter(url=claimed_issuer, enabled=True).first()
    if trusted is None:
        raise refused("iss", f"The token says it is of {claimed_issuer!r:.200}.")
    return _Trust(
        issuer=trusted.url,
        jwks_uri=provider.key_set_of(trusted.url),
        algorithm=trusted.algorithm,
        audiences=frozenset(trusted.audiences),
        # CI systems and clusters call them ID tokens or nothing at all; the audience says what they are for.
        kinds=frozenset({_ACCESS[0], *KINDS}),
        workload=True,
    )


def _kind(claims: dict[str, Any], typ: str) -> str:
    """Say what a token is: by its header, by Keycloak's and Cognito's own claims, by what only ID tokens hold."""
    if "cnf" in claims:
        # RFC 7800: it is for whoever holds a key, and nobody has shown one.
        raise refused("type", "The token is bound to a key, and is no bearer token.")
    if "events" in claims:
        # RFC 8417: it tells what happened, a sign-out say. Not every provider marks it in the header.
        raise refused("type", "The token tells of an event, and is no bearer token.")
    own = claims.get("typ")
    if typ in _ACCESS:
        if own not in (None, BEARER):
            raise refused("type", f"The access token's claim typ is {own!r:.40}.")
        return _ACCESS[0]
    if typ not in _ORDINARY:
        raise refused("type", f"The token's typ is {typ!r:.40}.")
    if own not in (None, BEARER, ID):
        raise refused("type", f"The token's claim typ is {own!r:.40}.")
    if own == BEARER:
        return BEARER
    if (
        own == ID
        or claims.get("token_use") == "id"
        or any(mark in claims for mark in _MARKS_OF_ID_TOKENS)
    ):
        return ID
    return UNMARKED


def _check_audience(claims: dict[str, Any], *, trust: _Trust, kind: str) -> None:
    audiences = [each for each in jwt.audiences(claims) if isinstance(each, str)]
    client = claims.get("azp", claims.get("client_id"))
    if not trust.audiences.isdisjoint(audiences):
        # OpenID Connect Core 1.0 section 3.1.3.7: an ID token for several is for one of them.
        if (
            not trust.workload
            and kind == ID
            and (len(audiences) > 1 or "azp" in claims)
            and client not in trust.audiences
        ):
            raise refused("azp", "The ID token was issued to another client.")
        return
    if not (isinstance(client, str) and client in trust.clients):
        raise refused("aud", f"The token is for {audiences!r:.200}, issued to {client!r:.100}.")
