"""ID tokens: each rule by a token that breaks only it, then the tokens that are accepted."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from accounts.oidc import id_tokens, jwt, key_sets
from accounts.oidc.discovery import ProviderMetadata
from accounts.oidc.errors import InvalidToken
from tests import issuer
from tests.issuer import ABSENT, SigningKey, encoded, without_absent
from tests.publisher import Publisher

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
T = int(NOW.timestamp())
ISSUER = "https://id.northwind.example"
RSA = RSAKey.generate_key(2048, {"kid": "one"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "one"})
HONEST: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "sub-alice",
    "aud": "gatehouse",
    "exp": T + 300,
    "iat": T,
    "nonce": "the nonce",
    "groups": ["payments"],
}


def signed(
    claims: Mapping[str, Any] | bytes = HONEST, *, key: SigningKey = RSA, **more: Any
) -> str:
    return issuer.signed(claims, key=key, **more)


def but(**changes: Any) -> dict[str, Any]:
    """Return honest claims with some changed or absent."""
    return without_absent(HONEST | changes)


class Verifier:
    """Verifies against keys that are published over a real socket."""

    def __init__(self, publisher: Publisher, *published: SigningKey) -> None:
        public = [key.as_dict(private=False) for key in published or (RSA,)]
        publisher.publish("/jwks", {"keys": public})
        self.publisher = publisher
        self.provider = ProviderMetadata(
            issuer=ISSUER,
            authorization_endpoint=f"{publisher.url}/authorize",
            token_endpoint=f"{publisher.url}/token",
            jwks_uri=f"{publisher.url}/jwks",
        )

    def __call__(self, token: object, **changes: Any) -> dict[str, Any]:
        rules: dict[str, Any] = {
            "provider": self.provider,
            "client_id": "gatehouse",
            "algorithm": "RS256",
            "nonce": "the nonce",
            "access_token": "the access token",
            "now": NOW,
        }
        return id_tokens.verify(token, **(rules | changes))


@pytest.fixture
def verify(publisher: Publisher) -> Verifier:
    return Verifier(publisher)


def hash_of(text: str, algorithm: str = "RS256") -> str:
    return id_tokens._half_hash(text, algorithm)


# Rules about claims: what is changed, and the code it is refused with.
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://evil.example"}, "iss"),
    ({"iss": f"{ISSUER}/"}, "iss"),
    ({"iss": ABSENT}, "iss"),
    ({"iss": [ISSUER]}, "iss"),
    ({"aud": "another"}, "aud"),
    ({"aud": "gatehouse-2"}, "aud"),
    ({"aud": ABSENT}, "aud"),
    ({"aud": []}, "aud"),
    ({"aud": ["another"]}, "aud"),
    ({"aud": {"gatehouse": True}}, "aud"),
    ({"aud": None}, "aud"),
    ({"aud": ["gatehouse", "another"]}, "azp"),
    ({"aud": ["gatehouse", "another"], "azp": "another"}, "azp"),
    ({"azp": "another"}, "azp"),
    ({"azp": None}, "azp"),
    ({"azp": ["gatehouse"]}, "azp"),
    ({"sub": ABSENT}, "sub"),
    ({"sub": ""}, "sub"),
    ({"sub": 7}, "sub"),
    ({"sub": None}, "sub"),
    ({"sub": "x" * 256}, "sub"),
    ({"sub": "ali\x00ce"}, "sub"),
    ({"sub": "alice\n"}, "sub"),
    ({"sub": "\ud800"}, "sub"),
    ({"exp": ABSENT}, "exp"),
    ({"exp": str(T + 300)}, "exp"),
    ({"exp": True}, "exp"),
    ({"exp": None}, "exp"),
    ({"exp": 10**30}, "exp"),
    ({"exp": -1}, "exp"),
    ({"exp": T - 30}, "exp"),
    ({"exp": T - 3600}, "exp"),
    ({"iat": ABSENT}, "iat"),
    ({"iat": "now"}, "iat"),
    ({"iat": False}, "iat"),
    ({"iat": T + 31}, "iat"),
    ({"nbf": T + 31}, "iat"),
    ({"nbf": "soon"}, "nbf"),
    ({"nbf": None}, "nbf"),
    ({"nonce": "another"}, "nonce"),
    ({"nonce": ABSENT}, "nonce"),
    ({"nonce": None}, "nonce"),
    ({"nonce": ["the nonce"]}, "nonce"),
    ({"nonce": "the nonc\u00e9"}, "nonce"),
    ({"at_hash": hash_of("another")}, "at_hash"),
    ({"at_hash": None}, "at_hash"),
    ({"at_hash": hash_of("the access token", "RS512")}, "at_hash"),
]


def rules_broken(verify: Verifier, tokens: Iterable[object], **rules: Any) -> list[str]:
    """Return the rule that each token breaks, or "none"; no refusal may tell a secret."""
    return [rule_broken(verify, token, **rules) for token in tokens]


def rule_broken(verify: Verifier, token: object, **rules: Any) -> str:
    try:
        verify(token, **rules)
    except InvalidToken as error:
        refusal = error
    else:
        return "none"
    assert refusal.code == f"signin.token.{refusal.rule}"
    told = f"{refusal} {refusal.user_message} {refusal.admin_message}"
    parts = token.split(".") if isinstance(token, str) else []
    secrets = ["the access token", "the nonce", *(part for part in parts if len(part) > 9)]
    assert [secret for secret in secrets if secret in told] == []
    return refusal.rule


def test_a_token_that_breaks_one_rule_is_refused(verify: Verifier) -> None:
    tokens = [signed(but(**changes)) for changes, _ in BROKEN]

    assert list(zip(BROKEN, rules_broken(verify, tokens), strict=True)) == [
        (case, case[1]) for case in BROKEN
    ]


def test_a_token_within_the_rules_is_accepted(verify: Verifier) -> None:
    for changes in (
        {},
        {"aud": ["gatehouse"]},
        {"aud": ["gatehouse", "another"], "azp": "gatehouse"},
        {"azp": "gatehouse"},
        {"sub": "x" * 255},
        {"sub": "mädchen|7 ü"},
        {"exp": T - 29},
        {"exp": T + 0.5},
        {"iat": T + 30},
        {"iat": T - 7200},
        {"nbf": T + 30},
        {"at_hash": hash_of("the access token")},
        {"auth_time": "not a time"},
        {"jti": 7},
        {"extra": {"deep": ["groups"]}},
    ):
        claims = but(**changes)
        assert verify(signed(claims)) == claims


def test_a_sign_in_without_a_nonce_of_ours_is_refused(verify: Verifier) -> None:
    assert rules_broken(verify, [signed(but(nonce=""))], nonce="") == ["nonce"]


def test_a_client_without_an_id_is_nobodys_audience(verify: Verifier) -> None:
    tokens = [signed(but(aud=audience)) for audience in ("", [], [""], "gatehouse")]

    assert rules_broken(verify, tokens, client_id="") == ["aud"] * 4


def test_a_token_of_a_foreign_key_under_the_published_kid_is_refused(verify: Verifier) -> None:
    assert rules_broken(verify, [signed(key=OTHER_RSA)]) == ["signature"]


def test_a_token_changed_after_signing_is_refused(verify: Verifier) -> None:
    honest = signed().split(".")
    changed = signed(but(sub="sub-carol"), header={"typ": "JWT"}).split(".")
    tokens = [".".join([*honest[:part], changed[part], *honest[part + 1 :]]) for part in range(3)]

    assert rules_broken(verify, tokens) == ["signature"] * 3


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(verify: Verifier) -> None:
    # joserfc refuses to make such a key, so this is signed by hand.
    header = encoded(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    signing_input = f"{header}.{encoded(json.dumps(HONEST).encode())}"
    secret = RSA.as_pem(private=False)
    signature = hmac.digest(secret, signing_input.encode(), "sha256")

    assert rules_broken(verify, [f"{signing_input}.{encoded(signature)}"]) == ["algorithm"]


def test_a_token_of_another_algorithm_is_refused_whoever_signed_it(verify: Verifier) -> None:
    _, payload, signature = signed().split(".")
    headers = [
        encoded(json.dumps({"alg": algorithm, "kid": "one"}).encode())
        for algorithm in ("none", "HS256", "RS512", "PS256", "", "rs256", None, 7)
    ]

    tokens = [f"{header}.{payload}.{signature}" for header in headers]
    assert rules_broken(verify, tokens) == ["algorithm"] * 8


def test_no_way_through_the_registry_leads_to_none_or_to_a_shared_secret() -> None:
    for name in ("none", "HS256", "HS384", "HS512"):
        with pytest.raises(UnsupportedAlgorithmError):
            jwt.REGISTRY.get_alg(name)


def test_a_header_that_asks_for_more_is_refused(verify: Verifier) -> None:
    headers: list[dict[str, Any]] = [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"crit": []},
        {"kid": 7},
        {"kid": None},
    ]

    assert rules_broken(verify, [signed(header=header) for header in headers]) == ["header"] * 6


def test_a_token_of_another_kind_is_refused(verify: Verifier) -> None:
    kinds = ("logout+jwt", "at+jwt", "AT+JWT", "application/logout+jwt", "JWT", "jwt", ABSENT)

    tokens = [signed(header={"typ": kind}) for kind in kinds]
    assert rules_broken(verify, tokens) == ["type"] * 4 + ["none"] * 3


def test_a_key_that_the_token_brings_along_is_not_used(
    verify: Verifier, publisher: Publisher
) -> None:
    publisher.publish("/mine", {"keys": [OTHER_RSA.as_dict(private=False)]})
    brought = {
        "jwk": OTHER_RSA.as_dict(private=False),
        "jku": f"{publisher.url}/mine",
        "x5u": f"{publisher.url}/mine",
    }

    assert rules_broken(verify, [signed(key=OTHER_RSA, header=brought)]) == ["signature"]
    assert publisher.hits["/mine"] == 0


def test_what_is_no_token_is_refused(verify: Verifier) -> None:
    tokens = (
        None,
        7,
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "eyJhbGciOiJSUzI1NiJ9..",
        f"{encoded(b'[]')}.e30.AA",
        f"{encoded(b'7')}.e30.AA",
        f"{encoded(b'{' * 30000)}.e30.AA",
        "é.é.é",
        "\ud800",
    )

    assert rules_broken(verify, tokens) == ["missing"] * 3 + ["format"] * 11


def test_a_genuine_token_whose_claims_cannot_be_read_is_refused(verify: Verifier) -> None:
    payloads = (b"[]", b"{", b"\xff", b'{"a": NaN}', b"[" * 30000)

    assert rules_broken(verify, map(signed, payloads)) == ["format"] * 5


def test_an_oversized_token_is_refused_before_anything_in_it_is_read(
    verify: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jws, "extract_compact", None)

    assert rules_broken(verify, ["x" * (jwt.MAX_SIZE + 1)]) == ["size"]
    assert verify.publisher.hits["/jwks"] == 0


def test_a_token_with_two_thousand_groups_is_accepted(verify: Verifier) -> None:
    claims = but(groups=[f"aws-group-{number:04}" for number in range(2000)])

    assert len(verify(signed(claims))["groups"]) == 2000


def test_the_algorithm_of_the_settings_is_accepted(publisher: Publisher) -> None:
    p256, p384, p521 = (
        ECKey.generate_key(curve, {"kid": "one"}) for curve in ("P-256", "P-384", "P-521")
    )
    ed25519 = OKPKey.generate_key("Ed25519", {"kid": "one"})
    keys_of_algorithms: dict[str, SigningKey] = {
        **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA),
        "ES256": p256,
        "ES384": p384,
        "ES512": p521,
        "EdDSA": ed25519,
        "Ed25519": ed25519,
    }
    assert keys_of_algorithms.keys() == key_sets.ALGORITHMS.keys()

    for algorithm, key in keys_of_algorithms.items():
        key_sets.clear_cache()
        verify = Verifier(publisher, key)
        claims = but(at_hash=hash_of("the access token", algorithm))
        token = signed(claims, key=key, header={"alg": algorithm})
        assert verify(token, algorithm=algorithm) == claims


def test_a_curve_of_another_algorithm_is_refused(publisher: Publisher) -> None:
    verify = Verifier(publisher, ECKey.generate_key("P-384", {"kid": "one"}))
    genuine = ECKey.generate_key("P-256", {"kid": "one"})

    token = signed(key=genuine, header={"alg": "ES256"})
    assert rules_broken(verify, [token], algorithm="ES256") == ["key"]


def test_a_clock_that_is_off_is_said_in_seconds(verify: Verifier) -> None:
    with pytest.raises(InvalidToken) as refused:
        verify(signed(but(iat=T + 600, exp=T + 900)))

    assert "600 seconds ahead of" in refused.value.user_message
    assert "clock" in refused.value.user_message


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.one_of(
        st.text(),
        st.binary().map(lambda raw: raw.decode("latin-1")),
        st.tuples(st.binary(), st.binary(), st.binary()).map(
            lambda parts: ".".join(encoded(part) for part in parts)
        ),
        st.dictionaries(
            st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "jku", "b64", "x5c", "zip"]),
            st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
        ).map(lambda header: f"{encoded(json.dumps({'alg': 'RS256', **header}).encode())}.e30.AA"),
    )
)
@example(token="eyJhbGciOiJSUzI1NiJ9.e30.")
def test_garbage_is_refused_and_never_breaks_anything(verify: Verifier, token: str) -> None:
    with pytest.raises(InvalidToken):
        verify(token)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    claims=st.dictionaries(
        st.sampled_from([*HONEST, "azp", "nbf", "at_hash"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
        min_size=1,
    )
)
def test_odd_claims_in_a_genuine_token_are_refused_or_harmless(
    verify: Verifier, claims: dict[str, Any]
) -> None:
    try:
        found = verify(signed(HONEST | claims))
    except InvalidToken:
        return
    assert (found["iss"], found["nonce"]) == (ISSUER, "the nonce")
    assert found["aud"] in ("gatehouse", ["gatehouse"])
    assert found.get("azp", "gatehouse") == "gatehouse"
    assert found["exp"] > T - 30
