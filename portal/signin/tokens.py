"""Verify an ID token to the letter: OpenID Connect Core 1.0 section 3.1.3.7, RFC 7519, RFC 8725."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from django.utils.crypto import constant_time_compare
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel

from portal.signin import keys
from portal.signin.documents import parse_object
from portal.signin.errors import TokenRefused
from portal.signin.provider import Provider

MAX_SIZE = 64 * 1024
"""Bytes; a longer token is refused before anything in it is read."""
LEEWAY = 30
"""Seconds by which the provider's clock and ours may differ."""
_LATEST = 253402300799
"""The last second of the year 9999: later ones are no dates."""
_OTHER_TYPES = ("at+jwt", "logout+jwt", "application/at+jwt", "application/logout+jwt")


class _Registry(jws.JWSRegistry):
    """joserfc's algorithms with our bounds, and with the choice of algorithm left to the settings."""

    max_header_length = MAX_SIZE
    max_payload_length = MAX_SIZE

    def get_alg(self, name: str) -> JWSAlgModel:
        # Asked again here, so that no way through joserfc leads to HS* or none. Its own method would
        # warn at each token that EdDSA has been renamed; providers still say it.
        if name not in keys.ALGORITHMS:
            raise UnsupportedAlgorithmError(f"{name:.20} is not accepted")
        return self.algorithms[name]


_REGISTRY = _Registry(strict_check_header=False)


def verify(
    token: object,
    *,
    provider: Provider,
    client_id: str,
    algorithm: str,
    nonce: str,
    access_token: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an ID token that proves a sign-in at this provider, for us, just now.

    The algorithm comes from the settings and the key from the provider's own key set: of the
    header only `alg` (to be compared), `kid` and `typ` are read.

    Raises:
        TokenRefused: any rule is broken; the code says which.
        ProviderUnavailable: the keys could not be read.
    """
    if not isinstance(token, str) or not token:
        raise _refused("missing", "The provider's answer holds no ID token.")
    if len(token) > MAX_SIZE:
        raise TokenRefused(
            "The identity provider sent more about you than this portal accepts. Tell the people "
            "who run it: the provider should send fewer groups, or send them by userinfo.",
            f"The ID token has {len(token)} bytes; at most {MAX_SIZE} are accepted.",
            code="signin.token.size",
        )
    claims = _signed_claims(token, provider=provider, algorithm=algorithm)
    _check_parties(claims, issuer=provider.issuer, client_id=client_id)
    _check_times(claims, now=now.timestamp())
    _check_ties(claims, nonce=nonce, access_token=access_token, algorithm=algorithm)
    return claims


def _signed_claims(token: str, *, provider: Provider, algorithm: str) -> dict[str, Any]:
    try:
        unverified = jws.extract_compact(token.encode(), registry=_REGISTRY)
        unverified_header = unverified.headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise _refused("format", "The ID token is no signed JWT.") from error
    if unverified_header.get("alg") != algorithm:
        raise TokenRefused(
            "The identity provider signs in a way that this portal is not set to accept. "
            "Tell the people who run it: OIDC_RP_SIGN_ALGO must be the provider's algorithm.",
            f"The ID token says alg {unverified_header.get('alg')!r:.40}, "
            f"OIDC_RP_SIGN_ALGO is {algorithm}.",
            code="signin.token.algorithm",
        )
    if "crit" in unverified_header or "b64" in unverified_header:
        raise _refused("header", "The ID token asks for an extension (RFC 7515 section 4.1.11).")
    if str(unverified_header.get("typ", "")).lower() in _OTHER_TYPES:
        raise _refused("type", "The token is another kind of token, no ID token.")
    kid = unverified_header.get("kid")
    if "kid" in unverified_header and not isinstance(kid, str):
        raise _refused("header", "The ID token's kid is not a text.")
    key = keys.find(url=provider.jwks_uri, kid=kid, algorithm=algorithm)
    try:
        genuine = jws.validate_compact(unverified, key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as error:
        raise _refused("signature", "The ID token's signature cannot be verified.") from error
    if not genuine:
        raise _refused("signature", "The ID token's signature is wrong.")
    try:
        return parse_object(unverified.payload)
    except ValueError as error:
        raise _refused("format", f"The ID token's claims cannot be read: {error}.") from error


def _check_parties(claims: dict[str, Any], *, issuer: str, client_id: str) -> None:
    if claims.get("iss") != issuer:
        raise _refused("iss", f"The ID token is of another issuer: {claims.get('iss')!r:.200}.")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        raise _refused("aud", "The ID token is for another client.")
    if len(audiences) > 1 and "azp" not in claims:
        raise _refused("azp", "The ID token is for several clients, and does not say for which.")
    if "azp" in claims and claims["azp"] != client_id:
        raise _refused("azp", "The ID token was issued to another client.")
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= 255 or not _is_name(sub):
        raise _refused("sub", "The ID token does not say who signed in.")


def _is_name(sub: str) -> bool:
    # U+FFFD stands for what could not be kept: two people must not become one by it.
    return sub.isprintable() and "\ufffd" not in sub


def _check_times(claims: dict[str, Any], *, now: float) -> None:
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if issued > now + LEEWAY or begins > now + LEEWAY:
        raise _clock("iat", max(issued, begins) - now, "ahead of")
    if expires <= now - LEEWAY:
        raise _clock("exp", now - expires, "behind")


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LATEST:
        raise _refused(name, f"The ID token has no usable {name}.")
    return value


def _check_ties(claims: dict[str, Any], *, nonce: str, access_token: str, algorithm: str) -> None:
    found = claims.get("nonce")
    if not nonce or not isinstance(found, str) or not constant_time_compare(found, nonce):
        raise _refused("nonce", "The ID token answers another sign-in: its nonce differs.")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, algorithm):
        raise _refused("at_hash", "The access token is not the one the ID token came with.")


def _half_hash(text: str, algorithm: str) -> str:
    """Return `at_hash` (section 3.1.3.6); Ed25519 hashes with SHA-512."""
    size = algorithm[-3:] if algorithm[-3:] in ("256", "384", "512") else "512"
    digest = hashlib.new(f"sha{size}", text.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _refused(what: str, admin_message: str) -> TokenRefused:
    return TokenRefused(
        "What the identity provider answered does not prove who you are, so you are not signed in. "
        "Sign in again; if it goes on, tell the people who run this portal.",
        admin_message,
        code=f"signin.token.{what}",
    )


def _clock(what: str, seconds: float, direction: str) -> TokenRefused:
    return TokenRefused(
        "The clocks of this portal and of the identity provider differ, or the sign-in took too "
        f"long: the provider's answer is {seconds:.0f} seconds {direction} the portal's time. "
        "Sign in again; if it goes on, tell the people who run this portal to set its clock.",
        f"The ID token's {what} is {seconds:.0f} seconds {direction} the portal's clock.",
        code=f"signin.token.{what}",
    )
