"""Bearer tokens: each rule by a token that breaks only it, then the tokens that are accepted."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from joserfc import jwe, jws
from joserfc.jwk import RSAKey

from accounts.errors import GatehouseError, TokenRefused
from accounts.oidc import bearer_jwts, jwt
from accounts.oidc.errors import BearerJwtsNotSetUp, ProviderUnavailable
from accounts.types import Subject
from tests.issuer import ABSENT, AUDIENCE, Issuer, encoded, signed

FOREIGN = RSAKey.generate_key(2048, {"kid": "one"})
pytestmark = pytest.mark.django_db  # for trusted issuers


def as_bearer(issuer: Issuer, **changes: Any) -> str:
    """Return a token as Keycloak makes them: an ordinary header, and the kind in a claim."""
    return issuer.token(header={"typ": "JWT"}, **{"typ": "Bearer", **changes})


def by_shared_secret(issuer: Issuer) -> str:
    header = encoded(json.dumps({"alg": "HS256", "kid": "one", "typ": "at+jwt"}).encode())
    signing_input = f"{header}.{encoded(json.dumps(issuer.claims()).encode())}"
    secret = issuer.key.as_pem(private=False)
    return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def unsigned(issuer: Issuer, alg: object = "none") -> str:
    header = encoded(json.dumps({"alg": alg, "kid": "one", "typ": "at+jwt"}).encode())
    return f"{header}.{encoded(json.dumps(issuer.claims()).encode())}."


def by_hand(
    issuer: Issuer,
    header: bytes = b'{"alg":"RS256","kid":"one","typ":"at+jwt"}',
    *,
    more: str = "",
    form: str = "utf-8",
    **changes: Any,
) -> str:
    """Return a token that the issuer did sign, written as no library would; `more` ends its claims."""
    claims = json.dumps(issuer.claims(**changes), ensure_ascii=False)
    payload = f"{claims[:-1]}{more}}}".encode(form)
    signing_input = f"{encoded(header)}.{encoded(payload)}"
    algorithm = jws.JWSRegistry.algorithms["RS256"]
    return f"{signing_input}.{encoded(algorithm.sign(signing_input.encode(), issuer.key))}"


def in_other_letters(issuer: Issuer) -> str:
    """Return a token in the alphabet of base64 that has / and +, and in whole fours."""
    parts = issuer.token(name="ÿþýüûúùø?>").split(".")
    return ".".join(
        base64.b64encode(base64.urlsafe_b64decode(part + "==")).decode() for part in parts
    )


def encrypted(issuer: Issuer) -> str:
    return jwe.encrypt_compact(
        {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "one"},
        json.dumps(issuer.claims()),
        RSAKey.import_key(issuer.key.as_dict(private=False)),
    )


def with_spare_bits(issuer: Issuer) -> str:
    """Return a token whose last letter differs in bits that stand for nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = issuer.token()
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


def tampered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{encoded(json.dumps(issuer.claims('carol')).encode())}.{signature}"


def bit_flipped(issuer: Issuer) -> str:
    head, body, signature = issuer.token().split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[0] ^= 1
    return f"{head}.{body}.{encoded(bytes(raw))}"


NOW = int(time.time())
FORGED: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "empty": (lambda _: "", "missing"),
    "a word": (lambda _: "password", "format"),
    "two parts": (lambda _: "a.b", "format"),
    "three letters": (lambda _: "a.b.c", "format"),
    "five parts": (lambda _: "a.b.c.d.e", "format"),
    "header no JSON": (lambda _: "e30x.e30.AA", "format"),
    "header a list": (lambda _: f"{encoded(b'[]')}.e30.AA", "format"),
    "header of braces": (lambda _: f"{encoded(b'{' * 30000)}.e30.AA", "format"),
    "not ASCII": (lambda _: "é.é.é", "format"),
    "too long": (lambda _: "x" * (jwt.MAX_SIZE + 1), "size"),
    "spaces": (lambda i: i.token().replace(".", " . "), "format"),
    "quotes": (lambda i: f'"{i.token()}"', "format"),
    "percent signs": (lambda i: i.token().replace(".", "%2E"), "format"),
    "two tokens": (lambda i: f"{i.token()} {i.token()}", "format"),
    "two headers in one": (lambda i: f"{i.token()},Bearer {i.token()}", "format"),
    "a dot too many": (lambda i: f"{i.token()}.", "format"),
    "the other base64": (in_other_letters, "format"),
    "bits that stand for nothing": (with_spare_bits, "signature"),
    "a letter too many": (lambda i: f"{i.token()}A", "signature"),
    "as JSON": (lambda i: json.dumps({"payload": i.token()}).replace(" ", ""), "format"),
    "encrypted": (encrypted, "format"),
    "a token in a token": (lambda i: signed(i.token().encode(), key=i.key), "format"),
    "claims nothing": (lambda i: signed(b"", key=i.key), "format"),
    "claims null": (lambda i: signed(b"null", key=i.key), "format"),
    "claims not UTF-8": (lambda i: by_hand(i, form="latin-1", name="Zoë"), "format"),
    "claims in UTF-16": (lambda i: by_hand(i, form="utf-16-le"), "format"),
    "claims with a byte order mark": (lambda i: by_hand(i, form="utf-8-sig"), "format"),
    "claims with NaN": (lambda i: by_hand(i, more=',"x":NaN'), "format"),
    "claims with a number of 5000 digits": (
        lambda i: by_hand(i, more=f',"x":{"9" * 5000}'),
        "format",
    ),
    "claims no JSON": (lambda i: signed(b"{", key=i.key), "format"),
    "claims a list": (lambda i: signed(b"[]", key=i.key), "format"),
    "claims too deep": (lambda i: signed(b"[" * 30000, key=i.key), "format"),
    "alg none": (unsigned, "algorithm"),
    "alg None in another case": (lambda i: unsigned(i, "nOnE"), "algorithm"),
    "alg missing": (lambda i: unsigned(i, None), "algorithm"),
    "alg a number": (lambda i: unsigned(i, 7), "algorithm"),
    "alg in small letters": (lambda i: by_hand(i, b'{"alg":"rs256","kid":"one"}'), "algorithm"),
    "alg with a space": (lambda i: by_hand(i, b'{"alg":"RS256 ","kid":"one"}'), "algorithm"),
    "alg a list": (lambda i: by_hand(i, b'{"alg":["RS256"],"kid":"one"}'), "algorithm"),
    "alg twice, none last": (
        lambda i: by_hand(i, b'{"alg":"RS256","alg":"none","kid":"one"}'),
        "algorithm",
    ),
    "signed with the public key as a secret": (by_shared_secret, "algorithm"),
    "another strong algorithm": (lambda i: i.token(header={"alg": "RS512"}), "algorithm"),
    "foreign key": (lambda i: i.token(key=FOREIGN), "signature"),
    "foreign key brought along": (
        lambda i: i.token(key=FOREIGN, header={"jwk": FOREIGN.as_dict(private=False)}),
        "signature",
    ),
    "foreign key to be fetched": (
        lambda i: i.token(key=FOREIGN, header={"jku": f"{i.url}/mine"}),
        "signature",
    ),
    "foreign key with its certificate": (
        lambda i: i.token(key=FOREIGN, header={"x5c": ["MIIB"], "x5u": f"{i.url}/mine"}),
        "signature",
    ),
    "changed claims": (tampered, "signature"),
    "one bit of the signature": (bit_flipped, "signature"),
    "no signature": (lambda i: i.token().rpartition(".")[0] + ".", "signature"),
    "unknown kid": (lambda i: i.token(header={"kid": "two"}), "key"),
    "kid a path": (lambda i: i.token(header={"kid": "../../dev/null"}), "key"),
    "kid empty": (lambda i: i.token(header={"kid": ""}), "key"),
    "kid a query": (lambda i: i.token(header={"kid": "one' OR '1'='1"}), "key"),
    "kid with a line for the log": (
        lambda i: i.token(header={"kid": "x\nINFO all is well"}),
        "key",
    ),
    "kid null": (lambda i: i.token(header={"kid": None}), "header"),
    "crit empty": (lambda i: i.token(header={"crit": []}), "header"),
    "kid a number": (lambda i: i.token(header={"kid": 1}), "header"),
    "crit": (lambda i: i.token(header={"crit": ["exp"]}), "header"),
    "b64": (lambda i: i.token(header={"b64": False, "crit": ["b64"]}), "header"),
    "another issuer": (lambda i: i.token(iss="https://evil.example"), "iss"),
    "issuer with a slash": (lambda i: i.token(iss=f"{i.url}/"), "iss"),
    "issuer in capitals": (lambda i: i.token(iss=i.url.upper()), "iss"),
    "issuer with NUL": (lambda i: i.token(iss=f"{i.url}\0"), "iss"),
    "issuer twice, ours first": (
        lambda i: by_hand(i, more=',"iss":"https://evil.example"'),
        "iss",
    ),
    "no issuer": (lambda i: i.token(iss=ABSENT), "iss"),
    "issuer a list": (lambda i: i.token(iss=[i.url]), "iss"),
    "another audience": (lambda i: i.token(aud="another"), "aud"),
    "audience that begins like ours": (lambda i: i.token(aud=f"{AUDIENCE}-2"), "aud"),
    "audience in capitals": (lambda i: i.token(aud=AUDIENCE.upper()), "aud"),
    "audience with a space": (lambda i: i.token(aud=f"{AUDIENCE} "), "aud"),
    "audiences in one text": (lambda i: i.token(aud=f"another {AUDIENCE}"), "aud"),
    "audience the portal's own client": (lambda i: i.token(aud="gatehouse"), "aud"),
    "audience a star": (lambda i: i.token(aud="*"), "aud"),
    "no audience": (lambda i: i.token(aud=ABSENT), "aud"),
    "audiences without ours": (lambda i: i.token(aud=["account", "another"]), "aud"),
    "audience an object": (lambda i: i.token(aud={AUDIENCE: 1}), "aud"),
    "audience nested": (lambda i: i.token(aud=[[AUDIENCE]]), "aud"),
    "only azp is ours": (lambda i: i.token(aud="account", azp=AUDIENCE), "aud"),
    "no sub": (lambda i: i.token(sub=ABSENT), "sub"),
    "sub a number": (lambda i: i.token(sub=7), "sub"),
    "sub empty": (lambda i: i.token(sub=""), "sub"),
    "sub with NUL": (lambda i: i.token(sub="sub-\x00alice"), "sub"),
    "sub with a line": (lambda i: i.token(sub="sub-alice\n"), "sub"),
    "sub too long": (lambda i: i.token(sub="x" * 256), "sub"),
    "expired": (lambda i: i.token(exp=NOW - 3600, iat=NOW - 7200), "exp"),
    "expired, by half a second more": (lambda i: i.token(exp=NOW - 3600.5), "exp"),
    "exp negative": (lambda i: i.token(exp=-1), "exp"),
    "exp zero": (lambda i: i.token(exp=0), "exp"),
    "exp null": (lambda i: i.token(exp=None), "exp"),
    "exp a list": (lambda i: i.token(exp=[NOW + 300]), "exp"),
    "exp in milliseconds": (lambda i: i.token(exp=(NOW + 300) * 1000), "exp"),
    "exp in other digits": (lambda i: i.token(exp="٣٠٠٠٠٠٠٠٠٠"), "exp"),
    "exp infinite": (lambda i: by_hand(i, exp=ABSENT, more=',"exp":1e999'), "format"),
    "exp twice, past last": (lambda i: by_hand(i, more=',"exp":1'), "exp"),
    "iat a text": (lambda i: i.token(iat=str(NOW)), "iat"),
    "iat negative": (lambda i: i.token(iat=-NOW), "iat"),
    "nbf null": (lambda i: i.token(nbf=None), "nbf"),
    "no exp": (lambda i: i.token(exp=ABSENT), "exp"),
    "exp a text": (lambda i: i.token(exp=str(NOW + 300)), "exp"),
    "exp true": (lambda i: i.token(exp=True), "exp"),
    "exp without end": (lambda i: i.token(exp=10**30), "exp"),
    "issued tomorrow": (lambda i: i.token(iat=NOW + 86400, exp=NOW + 90000), "iat"),
    "no iat": (lambda i: i.token(iat=ABSENT), "iat"),
    "not before tomorrow": (lambda i: i.token(nbf=NOW + 86400, exp=NOW + 90000), "iat"),
    "nbf a text": (lambda i: i.token(nbf="now"), "nbf"),
    "type with a space": (lambda i: i.token(header={"typ": " at+jwt"}), "type"),
    "refresh token that calls itself an access token": (lambda i: i.token(typ="Refresh"), "type"),
    "ID token that calls itself an access token": (lambda i: i.token(typ="ID"), "type"),
    "logout token of an old kind": (
        lambda i: i.token(
            header={"typ": "JWT"},
            events={"http://schemas.openid.net/event/backchannel-logout": {}},
        ),
        "type",
    ),
    "logout token": (lambda i: i.token(header={"typ": "logout+jwt"}), "type"),
    "DPoP proof": (lambda i: i.token(header={"typ": "dpop+jwt"}), "type"),
    "type a number": (lambda i: i.token(header={"typ": 7}), "signature"),
    "bound to a key": (lambda i: i.token(cnf={"jkt": "abc"}), "type"),
    "refresh token of Keycloak": (lambda i: as_bearer(i, typ="Refresh"), "type"),
    "ID token of Keycloak": (lambda i: as_bearer(i, typ="ID"), "type"),
    "ID token by its nonce": (lambda i: i.token(header={"typ": "JWT"}, nonce="n"), "type"),
    "ID token by its at_hash": (lambda i: i.token(header={"typ": "JWT"}, at_hash="h"), "type"),
    "ID token of Cognito": (lambda i: i.token(header={"typ": ABSENT}, token_use="id"), "type"),
}


def verify(token: str) -> Subject:
    return bearer_jwts.verify(token, now=timezone.now())


def refusal_of(token: str) -> str:
    """Return the code that a token is refused with; "" where it is accepted."""
    try:
        verify(token)
    except GatehouseError as error:
        refusal = error
    else:
        return ""
    told = f"{refusal} {refusal.user_message} {refusal.admin_message}"
    assert [part for part in token.split(".") if len(part) > 40 and part in told] == []
    assert refusal.http_status == 401
    return refusal.code


def test_forged_or_malformed_token_proves_nothing(issuer: Issuer) -> None:
    assert len(FORGED) > 100

    codes = {name: refusal_of(forge(issuer)) for name, (forge, _) in FORGED.items()}

    assert codes == {name: f"token.{rule}" for name, (_, rule) in FORGED.items()}


def test_a_portal_without_audiences_takes_no_token_and_says_so(
    issuer: Issuer, settings: Any
) -> None:
    settings.API_AUDIENCES = []

    with pytest.raises(BearerJwtsNotSetUp, match="API_AUDIENCES"):
        verify(issuer.token())


def test_a_client_counts_only_where_the_settings_name_it(issuer: Issuer, settings: Any) -> None:
    of_client = issuer.token(aud="account")
    settings.API_ACCEPT_AZP = ["another-cli"]
    assert refusal_of(of_client) == "token.aud"
    settings.API_AUDIENCES = []
    assert refusal_of(of_client) == "token.aud"
    assert refusal_of(issuer.token(azp=ABSENT)) == "token.aud"

    settings.API_ACCEPT_AZP = ["token-cli"]

    assert verify(of_client).sub == "sub-alice"
    assert verify(issuer.token(aud=ABSENT)).sub == "sub-alice"
    assert verify(issuer.token(aud=ABSENT, azp=ABSENT, client_id="token-cli")).sub == "sub-alice"
    assert refusal_of(issuer.token(aud=ABSENT, azp="evil", client_id="token-cli")) == "token.aud"
    assert refusal_of(issuer.token(aud=ABSENT, azp=["token-cli"])) == "token.aud"


def test_a_client_that_is_no_authorized_party_opens_nothing(issuer: Issuer, settings: Any) -> None:
    # Keycloak's "audience resolve" adds our audience to the tokens of any client.
    settings.API_AUTHORIZED_PARTIES = ["token-cli"]

    assert refusal_of(issuer.token(azp="another-cli")) == "token.azp"
    assert refusal_of(issuer.token(azp=ABSENT)) == "token.azp"
    assert refusal_of(issuer.token(azp="another-cli", client_id="token-cli")) == "token.azp"
    assert refusal_of(issuer.token(azp=["token-cli"])) == "token.azp"
    assert verify(issuer.token()).sub == "sub-alice"
    assert verify(issuer.token(azp=ABSENT, client_id="token-cli")).sub == "sub-alice"


@pytest.mark.parametrize("kid", ["one", None])
def test_a_key_that_is_replaced_under_its_name_works_at_once(
    issuer: Issuer, kid: str | None
) -> None:
    header = {"kid": kid if kid else ABSENT}
    issuer.replace_key(kid=kid)
    old_token = issuer.token(header=header)
    assert verify(old_token).sub == "sub-alice"

    issuer.replace_key(kid=kid)

    assert verify(issuer.token(header=header)).sub == "sub-alice"
    assert refusal_of(old_token) == "token.signature"


def test_wrong_signatures_make_the_keys_be_read_again_once_in_5_seconds(issuer: Issuer) -> None:
    forged = signed(issuer.claims(), key=FOREIGN, header={"typ": "at+jwt"})
    verify(issuer.token())

    assert [refusal_of(forged) for _ in range(5)] == ["token.signature"] * 5
    assert issuer.publisher.hits["/jwks"] == 2


# API_TOKEN_TYPES, the header's typ, changed claims, and the code or "".
KINDS: list[tuple[list[str], object, dict[str, Any], str]] = [
    ([], "at+jwt", {}, ""),
    ([], "AT+JWT", {}, ""),
    ([], "application/at+jwt", {}, ""),
    ([], "JWT", {"typ": "Bearer"}, "type"),
    ([], "JWT", {}, "type"),
    (["Bearer"], "JWT", {"typ": "Bearer"}, ""),
    (["Bearer"], "JWT", {"typ": "Bearer", "nonce": "kept from the sign-in"}, ""),
    (["Bearer"], "JWT", {}, "type"),
    (["JWT"], ABSENT, {}, ""),
    (["JWT"], "JWT", {}, ""),
    (["JWT"], "JWT", {"typ": "Bearer"}, "type"),
    (["JWT"], "JWT", {"nonce": "n"}, "type"),
    (["ID"], "JWT", {"nonce": "n", "azp": ABSENT}, ""),
    (["ID"], "JWT", {"typ": "ID", "azp": ABSENT}, ""),
    (["ID"], "JWT", {"nonce": "n", "azp": "token-cli"}, "azp"),
    (["ID"], "JWT", {"nonce": "n", "azp": [AUDIENCE]}, "azp"),
    (["ID"], "JWT", {"nonce": "n", "azp": AUDIENCE}, ""),
    (["ID"], "JWT", {"nonce": "n", "aud": [AUDIENCE, "b"], "azp": ABSENT}, "azp"),
    (["ID"], "JWT", {"typ": "Refresh"}, "type"),
    (["Bearer", "JWT", "ID"], "logout+jwt", {}, "type"),
]


def test_kind_of_token_is_taken_as_the_settings_say(issuer: Issuer, settings: Any) -> None:
    codes = []
    for types, header, claims, _ in KINDS:
        settings.API_TOKEN_TYPES = types
        codes.append(refusal_of(issuer.token(header={"typ": header}, **claims)))

    assert codes == [f"token.{rule}" if rule else "" for *_, rule in KINDS]


def test_token_for_several_audiences_is_taken_if_ours_is_among_them(issuer: Issuer) -> None:
    assert verify(issuer.token(aud=["account", AUDIENCE])).sub == "sub-alice"


def test_subject_is_what_the_claims_say_now(issuer: Issuer) -> None:
    found = verify(issuer.token(groups=["payments"]))

    assert (found.issuer, found.sub, found.email) == (
        issuer.url,
        "sub-alice",
        "alice@northwind.example",
    )
    assert found.claims["groups"] == ["payments"]
    assert found.sign_in_id is None
    assert not found.workload


def test_rotated_key_is_accepted_without_a_refused_request(issuer: Issuer) -> None:
    for _ in range(2):
        verify(issuer.token())
    before = issuer.publisher.hits["/jwks"]

    issuer.rotate()

    assert verify(issuer.token()).sub == "sub-alice"
    assert issuer.publisher.hits["/jwks"] == before + 1


def test_keys_are_not_asked_for_again_at_each_token(issuer: Issuer) -> None:
    for _ in range(20):
        verify(issuer.token())

    assert issuer.publisher.hits["/jwks"] == 1
    assert issuer.publisher.hits["/.well-known/openid-configuration"] == 1


def test_unknown_keys_cannot_make_the_portal_ask_again_and_again(issuer: Issuer) -> None:
    verify(issuer.token())
    for number in range(20):
        with pytest.raises(TokenRefused):
            verify(issuer.token(header={"kid": f"made-up-{number}"}))

    assert issuer.publisher.hits["/jwks"] == 2


def test_keys_that_cannot_be_read_are_no_reason_to_accept_anything(issuer: Issuer) -> None:
    issuer.publisher.publish("/jwks", {}, status=500)

    with pytest.raises(ProviderUnavailable):
        verify(issuer.token())


def test_userinfo_is_never_asked(issuer: Issuer) -> None:
    verify(issuer.token())

    assert set(issuer.publisher.hits) == {"/.well-known/openid-configuration", "/jwks"}
