"""Read a signed JWT: RFC 7515, RFC 7519, RFC 8725. What it is for is decided by who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel

from accounts.oidc import keys
from accounts.oidc.errors import TokenRefused
from accounts.oidc.strict_json import parse_object

MAX_SIZE = 64 * 1024
"""Bytes; a longer token is refused before anything in it is read."""
LEEWAY = 30
"""Seconds by which the provider's clock and ours may differ."""
_LATEST = 253402300799
"""The last second of the year 9999: later ones are no dates."""


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


REGISTRY = _Registry(strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Unproven:
    """A token as it came, taken apart. Nothing in it may be believed before `claims` has returned."""

    _signed: jws.CompactSignature = field(repr=False)
    _header: dict[str, Any] = field(repr=False)
    _claims: dict[str, Any] = field(repr=False)

    @property
    def claimed_issuer(self) -> str:
        """Whose token it says it is: of use only to choose among issuers that are configured."""
        issuer = self._claims.get("iss")
        return issuer if isinstance(issuer, str) else ""

    def proven(
        self, *, jwks_uri: str, algorithm: str, apart: float, guarded: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Return the claims and the header's `typ`, in lower case, once the signature is verified.

        The algorithm comes from the settings and the key from the provider's own key set: of the
        header only `alg` (to be compared), `kid` and `typ` are read. `apart` is `keys.FROM_PROVIDER`
        or `keys.FROM_ANYBODY`: where the token came from. `guarded` as in `accounts.oidc.wire.ask`.

        Raises:
            TokenRefused: any rule is broken; the code says which.
            ProviderUnavailable: the keys could not be read.
        """
        if self._header.get("alg") != algorithm:
            raise TokenRefused(
                "The identity provider signs in a way that this portal is not set to accept. "
                "Tell the people who run it: OIDC_RP_SIGN_ALGO must be the provider's algorithm.",
                f"The token says alg {self._header.get('alg')!r:.40}, "
                f"the portal is set to {algorithm}.",
                code="signin.token.algorithm",
            )
        kid = self._header.get("kid")
        key = keys.find(url=jwks_uri, kid=kid, algorithm=algorithm, apart=apart, guarded=guarded)
        try:
            genuine = jws.validate_compact(self._signed, key, registry=REGISTRY)
        except (JoseError, ValueError, TypeError) as error:
            raise refused("signature", "The token's signature cannot be verified.") from error
        if not genuine:
            raise refused("signature", "The token's signature is wrong.")
        return self._claims, str(self._header.get("typ", "")).lower()


def read(token: object) -> Unproven:
    """Take a token apart; raises TokenRefused where it is none, or too long to be looked at."""
    if not isinstance(token, str) or not token:
        raise refused("missing", "There is no token.")
    if len(token) > MAX_SIZE:
        raise TokenRefused(
            "The identity provider sent more about you than this portal accepts. Tell the people "
            "who run it: the provider should send fewer groups, or send them by userinfo.",
            f"The token has {len(token)} bytes; at most {MAX_SIZE} are accepted.",
            code="signin.token.size",
        )
    if token.count(".") == 4:  # RFC 7516 section 3.1
        raise TokenRefused(
            "The identity provider encrypts what it says about you, and this portal does not read that. "
            "Tell the people who run it: the provider must send ID tokens signed and not encrypted.",
            "The token is encrypted.",
            code="signin.token.format",
        )
    try:
        signed = jws.extract_compact(token.encode(), registry=REGISTRY)
        header = signed.headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise refused("format", "The token is no signed JWT.") from error
    if "crit" in header or "b64" in header:
        raise refused("header", "The token asks for an extension (RFC 7515 section 4.1.11).")
    if "kid" in header and not isinstance(header["kid"], str):
        raise refused("header", "The token's kid is not a text.")
    try:
        claims = parse_object(
            signed.payload.decode()
        )  # RFC 7519 section 7.2: UTF-8, and nothing else.
    except ValueError as error:
        raise refused("format", f"The token's claims cannot be read: {error}.") from error
    return Unproven(signed, header, claims)


def check_identity(claims: dict[str, Any], *, issuer: str) -> None:
    """Refuse a token of another issuer, and one that does not say about whom it is."""
    if claims.get("iss") != issuer:
        raise refused("iss", f"The token is of another issuer: {claims.get('iss')!r:.200}.")
    sub = claims.get("sub")
    # U+FFFD stands for what could not be kept: two people must not become one by it.
    if (
        not isinstance(sub, str)
        or not 0 < len(sub) <= 255
        or not sub.isprintable()
        or "\ufffd" in sub
    ):
        raise refused("sub", "The token does not say about whom it is.")


def audiences(claims: dict[str, Any]) -> list[Any]:
    """Return whom a token is for (RFC 7519 section 4.1.3); nobody where that cannot be read."""
    audience = claims.get("aud")
    if isinstance(audience, str):
        return [audience]
    return audience if isinstance(audience, list) else []


def check_times(claims: dict[str, Any], *, now: float) -> None:
    """Refuse what has expired, and what is not valid yet."""
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if issued > now + LEEWAY or begins > now + LEEWAY:
        raise _clock("iat", max(issued, begins) - now, "ahead of")
    if expires <= now - LEEWAY:
        raise _clock("exp", now - expires, "behind")


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LATEST:
        raise refused(name, f"The token has no usable {name}.")
    return value


def refused(what: str, admin_message: str) -> TokenRefused:
    """Build the error for a token that breaks a rule; `what` becomes the end of its code."""
    return TokenRefused(
        "What the identity provider answered does not prove who you are, so it was refused. "
        "Sign in again; if it goes on, tell the people who run this portal.",
        admin_message,
        code=f"signin.token.{what}",
    )


def _clock(what: str, seconds: float, direction: str) -> TokenRefused:
    return TokenRefused(
        "The clocks of this portal and of the identity provider differ, or the sign-in took too "
        f"long: the provider's answer is {seconds:.0f} seconds {direction} the portal's time. "
        "Sign in again; if it goes on, tell the people who run this portal to set its clock.",
        f"The token's {what} is {seconds:.0f} seconds {direction} the portal's clock.",
        code=f"signin.token.{what}",
    )
