"""Verify signed JWTs: RFC 7515, RFC 7519, RFC 8725. What a token is for is the caller's to check."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from joserfc import jws
from joserfc.errors import ClaimError, JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from accounts.messages import Message
from accounts.oidc import key_sets
from accounts.oidc.errors import InvalidToken
from accounts.oidc.strict_json import parse_object

MAX_SIZE = 64 * 1024
"""Bytes; a longer token is refused before anything in it is read."""
LEEWAY = 30
"""Seconds by which the provider's clock and ours may differ."""
_LAST_DATE = 253402300799
"""The last second of the year 9999: Python has no dates after it."""
# What joserfc checks, in this order. It checks claims in the order of the token otherwise.
_CHECKED = ("iss", "sub", "aud", "exp", "iat", "nbf")


class _Registry(jws.JWSRegistry):
    """The algorithms that the portal takes, and its limits on size."""

    max_header_length = MAX_SIZE
    max_payload_length = MAX_SIZE

    def get_alg(self, name: str) -> JWSAlgModel:
        # RFC 9864 renamed EdDSA to Ed25519. Providers still use the old name, for which joserfc
        # would issue a warning at each token.
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


REGISTRY = _Registry(algorithms=tuple(key_sets.ALGORITHMS), strict_check_header=False)


class _Where(TypedDict):
    """Which key of which key set, as `accounts.oidc.key_sets` takes it."""

    url: str
    kid: str | None
    algorithm: str
    reload_interval: float
    guarded: bool


@dataclass(frozen=True, slots=True)
class UnverifiedJwt:
    """A token, decoded. Nothing in it may be believed before `verify_signature` has returned."""

    _signature: jws.CompactSignature = field(repr=False)
    _header: dict[str, Any] = field(repr=False)
    _claims: dict[str, Any] = field(repr=False)

    @property
    def unverified_issuer(self) -> str:
        """The issuer that the token names: only for choosing among configured issuers."""
        issuer = self._claims.get("iss")
        return issuer if isinstance(issuer, str) else ""

    @property
    def unverified_claims(self) -> dict[str, Any]:
        """All claims: only of a token that was verified before, when it came."""
        return self._claims

    def verify_signature(
        self, *, jwks_uri: str, algorithm: str, reload_interval: float, guarded: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Return the claims, and the header's `typ` in lower case.

        The algorithm comes from the settings and the key from the issuer's own key set. Of the
        header only `alg` (to be compared), `kid` and `typ` are used. `reload_interval` and
        `guarded` as in `accounts.oidc.key_sets.find`.

        Raises:
            InvalidToken: the signature cannot be verified.
            ProviderUnavailable: the keys could not be read.
        """
        if self._header.get("alg") != algorithm:
            raise InvalidToken(
                Message(
                    "Your identity provider signs with another algorithm than this portal accepts. Contact "
                    "your portal admins: OIDC_RP_SIGN_ALGO must be the provider's algorithm."
                ),
                f"The token says alg {self._header.get('alg')!r:.40}, "
                f"the portal is set to {algorithm}.",
                rule="algorithm",
            )
        where: _Where = {
            "url": jwks_uri,
            "kid": self._header.get("kid"),
            "algorithm": algorithm,
            "reload_interval": reload_interval,
            "guarded": guarded,
        }
        key = key_sets.find(**where)
        if not self._is_signed_with(key):
            replacement = key_sets.find_replacement(key, **where)
            if replacement is None or not self._is_signed_with(replacement):
                raise invalid("signature", "The token's signature is wrong.")
        return self._claims, str(self._header.get("typ", "")).lower()

    def _is_signed_with(self, key: key_sets.VerificationKey) -> bool:
        try:
            return jws.validate_compact(self._signature, key, registry=REGISTRY)
        except (JoseError, ValueError, TypeError) as error:
            raise invalid("signature", "The token's signature cannot be verified.") from error


def parse(token: object) -> UnverifiedJwt:
    """Decode a token without verifying it.

    joserfc lacks: the bound on the whole before anything is read, messages for encrypted tokens, a
    `kid` checked before it is looked up, and strict JSON.

    Raises:
        InvalidToken: it is no JWT, or too long.
    """
    if not isinstance(token, str) or not token:
        raise invalid("missing", "There is no token.")
    if len(token) > MAX_SIZE:
        raise InvalidToken(
            Message(
                "Your identity provider sent more about you than this portal accepts. Contact your portal "
                "admins: the provider should send fewer groups, or send them by userinfo."
            ),
            f"The token has {len(token)} bytes; at most {MAX_SIZE} are accepted.",
            rule="size",
        )
    if token.count(".") == 4:  # RFC 7516 section 3.1
        raise InvalidToken(
            Message(
                "Your identity provider encrypts its ID tokens, and this portal cannot read them. "
                "Contact your portal admins: the provider must send ID tokens signed and not encrypted."
            ),
            "The token is encrypted.",
            rule="format",
        )
    try:
        signature = jws.extract_compact(token.encode(), registry=REGISTRY)
        header = signature.headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise invalid("format", "The token is no signed JWT.") from error
    if "crit" in header or "b64" in header:
        raise invalid("header", "The token asks for an extension (RFC 7515 section 4.1.11).")
    if "kid" in header and not isinstance(header["kid"], str):
        raise invalid("header", "The token's kid is not a text.")
    try:
        # RFC 7519 section 7.2: UTF-8, and nothing else.
        claims = parse_object(signature.payload.decode())
    except ValueError as error:
        raise invalid("format", f"The token's claims cannot be read: {error}.") from error
    return UnverifiedJwt(signature, header, claims)


def check_claims(
    claims: dict[str, Any],
    *,
    issuer: str,
    audiences: Collection[str] | None,
    now: datetime,
    about_somebody: bool = True,
) -> None:
    """Check `iss`, `sub`, `aud`, `exp`, `iat` and `nbf`; all but `nbf` must be there.

    `aud` must name one of `audiences`; None leaves the audience to the caller. A token that is not
    `about_somebody` needs no `sub`.

    Raises:
        InvalidToken: a claim breaks its rule.
    """
    options: dict[str, ClaimsOption] = {
        "iss": {"essential": True, "value": issuer},
        **{name: ClaimsOption(essential=True) for name in ("exp", "iat")},
        "sub": ClaimsOption(essential=about_somebody),
    }
    if audiences is not None:
        wanted = [audience for audience in audiences if audience]
        if not wanted:  # joserfc takes an empty list for "any audience".
            raise invalid("aud", "No audience is configured.")
        options["aud"] = {"essential": True, "values": wanted}
    registry = JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY, **options)
    try:
        registry.validate({name: claims[name] for name in _CHECKED if name in claims})
    except ClaimError as error:
        raise _invalid_claim(error.claim.partition(",")[0], claims, now) from error
    if "sub" in claims:
        _check_sub(claims["sub"])
    _check_dates(claims)


def _check_sub(sub: str) -> None:
    # joserfc takes any text. U+FFFD stands for what the database cannot store (see strict_json):
    # two people must not become one by it.
    if len(sub) > 255 or not sub.isprintable() or "\ufffd" in sub:
        raise invalid("sub", "The token does not say about whom it is.")


def _check_dates(claims: dict[str, Any]) -> None:
    # joserfc takes any number: an `exp` in milliseconds would be thousands of years away.
    for name in ("exp", "iat", "nbf"):
        if name in claims and not 0 < claims[name] <= _LAST_DATE:
            raise invalid(name, f"The token has no usable {name}.")


def _invalid_claim(name: str, claims: dict[str, Any], now: datetime) -> InvalidToken:
    """Say what is wrong with a claim that joserfc refused."""
    value = claims.get(name)
    if name == "iss":
        return invalid("iss", f"The token is of another issuer: {value!r:.200}.")
    if name == "sub":
        return invalid("sub", "The token does not say about whom it is.")
    if name == "aud":
        client = claims.get("azp", claims.get("client_id"))
        return invalid("aud", f"The token is for {value!r:.200}, issued to {client!r:.100}.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return invalid(name, f"The token has no usable {name}.")
    if name == "exp":
        return _clock("exp", now.timestamp() - value, "behind")
    return _clock("iat", value - now.timestamp(), "ahead of")


def invalid(rule: str, admin_message: str) -> InvalidToken:
    """Build the error for a token that breaks a rule."""
    return InvalidToken(
        Message(
            "The answer of your identity provider could not be verified. Sign in again. If it happens "
            "again, contact your portal admins."
        ),
        admin_message,
        rule=rule,
    )


def _clock(rule: str, seconds: float, direction: str) -> InvalidToken:
    return InvalidToken(
        Message(
            "The clocks of this portal and of your identity provider differ, or the sign-in took too "
            "long: the provider's answer is %(seconds)s seconds behind the portal's time. Sign in again. "
            "If it happens again, contact your portal admins: a clock must be set.",
            seconds=f"{seconds:.0f}",
        )
        if direction == "behind"
        else Message(
            "The clocks of this portal and of your identity provider differ, or the sign-in took too "
            "long: the provider's answer is %(seconds)s seconds ahead of the portal's time. Sign in again. "
            "If it happens again, contact your portal admins: a clock must be set.",
            seconds=f"{seconds:.0f}",
        ),
        f"The token's {rule} is {seconds:.0f} seconds {direction} the portal's clock.",
        rule=rule,
    )
