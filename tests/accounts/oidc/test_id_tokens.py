"""ID tokens: each rule by a token that breaks only it, then the tokens that are accepted."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from accounts.oidc import id_tokens, jwt
from accounts.oidc.errors import TokenRefused
from accounts.oidc.provider import Provider
from tests.publisher import Publisher

SigningKey = RSAKey | ECKey | OKPKey

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


class Absent(Enum):
    """Stands for a claim that is left out; its repr, and so the names of tests, are the same in each process."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


def signed(
    claims: Mapping[str, Any] | bytes = HONEST,
    *,
    key: SigningKey = RSA,
    header: Mapping[str, Any] | None = None,
) -> str:
    """Sign by hand where joserfc would refuse: a test of a guard must get past the signer's own."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    protected = {"alg": "RS256", "kid": "one", **(header or {})}
    protected = {name: value for name, value in protected.items() if value is not ABSENT}
    registry = jws.JWSRegistry(algorithms=list(jws.JWSRegistry.algorithms))
    algorithm = registry.algorithms[str(protected.get("alg"))]
    signing_input = f"{encoded(json.dumps(protected).encode())}.{encoded(payload)}"
    signature = algorithm.sign(signing_input.encode(), key)
    return f"{signing_input}.{encoded(signature)}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def but(**changes: Any) -> dict[str, Any]:
    """Return honest claims with some changed or absent."""
    return {name: value for name, value in (HONEST | changes).items() if value is not ABSENT}


class Verifier:
    """Verifies against keys that are published over a real socket."""

    def __init__(self, publisher: Publisher, *published: SigningKey) -> None:
        keys = [key.as_dict(private=False) for key in published or (RSA,)]
        publisher.publish("/jwks", {"keys": keys})
        self.publisher = publisher
        self.provider = Provider(
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


@pytest.mark.parametrize(("changes", "code"), BROKEN, ids=str)
def test_a_token_that_breaks_one_rule_is_refused(
    verify: Verifier, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(signed(but(**changes)))

    assert refused.value.code == f"signin.token.{code}"


@pytest.mark.parametrize(
    "changes",
    [
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
        {"extra": {"deep": ["groups"]}},
    ],
    ids=str,
)
def test_a_token_within_the_rules_is_accepted(verify: Verifier, changes: dict[str, Any]) -> None:
    claims = but(**changes)

    assert verify(signed(claims)) == claims


def test_a_sign_in_without_a_nonce_of_ours_is_refused(verify: Verifier) -> None:
    with pytest.raises(TokenRefused, match="nonce"):
        verify(signed(but(nonce="")), nonce="")


def test_a_token_of_a_foreign_key_under_the_published_kid_is_refused(verify: Verifier) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(signed(key=OTHER_RSA))

    assert refused.value.code == "signin.token.signature"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_changed_after_signing_is_refused(verify: Verifier, part: int) -> None:
    parts = signed().split(".")
    parts[part] = signed(but(sub="sub-carol"), header={"typ": "JWT"}).split(".")[part]

    with pytest.raises(TokenRefused, match="signature"):
        verify(".".join(parts))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(verify: Verifier) -> None:
    # joserfc refuses to make such a key, so this is signed by hand.
    header = encoded(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    signing_input = f"{header}.{encoded(json.dumps(HONEST).encode())}"
    secret = RSA.as_pem(private=False)
    signature = hmac.digest(secret, signing_input.encode(), "sha256")

    with pytest.raises(TokenRefused) as refused:
        verify(f"{signing_input}.{encoded(signature)}")
    assert refused.value.code == "signin.token.algorithm"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "PS256", "", "rs256", None, 7])
def test_a_token_of_another_algorithm_is_refused_whoever_signed_it(
    verify: Verifier, algorithm: object
) -> None:
    header = encoded(json.dumps({"alg": algorithm, "kid": "one"}).encode())
    _, payload, signature = signed().split(".")

    with pytest.raises(TokenRefused) as refused:
        verify(f"{header}.{payload}.{signature}")
    assert refused.value.code == "signin.token.algorithm"
    assert "OIDC_RP_SIGN_ALGO" in refused.value.user_message


def test_no_way_through_the_registry_leads_to_none_or_to_a_shared_secret() -> None:
    for name in ("none", "HS256", "HS384", "HS512"):
        with pytest.raises(Exception, match="is not accepted"):
            jwt.REGISTRY.get_alg(name)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"crit": []},
        {"kid": 7},
        {"kid": None},
    ],
    ids=str,
)
def test_a_header_that_asks_for_more_is_refused(verify: Verifier, header: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(signed(header=header))
    assert refused.value.code == "signin.token.header"


@pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt", "AT+JWT", "application/logout+jwt"])
def test_a_token_of_another_kind_is_refused(verify: Verifier, typ: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(signed(header={"typ": typ}))
    assert refused.value.code == "signin.token.type"


def test_a_key_that_the_token_brings_along_is_not_used(
    verify: Verifier, publisher: Publisher
) -> None:
    publisher.publish("/mine", {"keys": [OTHER_RSA.as_dict(private=False)]})
    brought = {
        "jwk": OTHER_RSA.as_dict(private=False),
        "jku": f"{publisher.url}/mine",
        "x5u": f"{publisher.url}/mine",
    }

    with pytest.raises(TokenRefused) as refused:
        verify(signed(key=OTHER_RSA, header=brought))
    assert refused.value.code == "signin.token.signature"
    assert publisher.hits["/mine"] == 0


@pytest.mark.parametrize("typ", ["JWT", "jwt", ABSENT])
def test_a_token_with_an_ordinary_type_is_accepted(verify: Verifier, typ: object) -> None:
    assert verify(signed(header={"typ": typ})) == HONEST


@pytest.mark.parametrize(
    "token",
    [
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
    ],
    ids=repr,
)
def test_what_is_no_token_is_refused(verify: Verifier, token: object) -> None:
    with pytest.raises(TokenRefused):
        verify(token)


@pytest.mark.parametrize("payload", [b"[]", b"{", b"\xff", b'{"a": NaN}', b"[" * 30000])
def test_a_genuine_token_whose_claims_cannot_be_read_is_refused(
    verify: Verifier, payload: bytes
) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(signed(payload))
    assert refused.value.code == "signin.token.format"


def test_an_oversized_token_is_refused_before_anything_in_it_is_read(
    verify: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jws, "extract_compact", None)

    with pytest.raises(TokenRefused) as refused:
        verify("x" * (jwt.MAX_SIZE + 1))
    assert refused.value.code == "signin.token.size"
    assert verify.publisher.hits["/jwks"] == 0


def test_a_token_with_two_thousand_groups_is_accepted(verify: Verifier) -> None:
    claims = but(groups=[f"aws-group-{number:04}" for number in range(2000)])

    assert len(verify(signed(claims))["groups"]) == 2000


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSA),
        ("RS384", RSA),
        ("RS512", RSA),
        ("PS256", RSA),
        ("PS384", RSA),
        ("PS512", RSA),
        ("ES256", ECKey.generate_key("P-256", {"kid": "one"})),
        ("ES384", ECKey.generate_key("P-384", {"kid": "one"})),
        ("ES512", ECKey.generate_key("P-521", {"kid": "one"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "one"})),
        ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "one"})),
    ],
)
def test_the_algorithm_of_the_settings_is_accepted(
    publisher: Publisher, algorithm: str, key: SigningKey
) -> None:
    verify = Verifier(publisher, key)
    claims = but(at_hash=hash_of("the access token", algorithm))

    assert verify(signed(claims, key=key, header={"alg": algorithm}), algorithm=algorithm) == claims


def test_a_curve_of_another_algorithm_is_refused(publisher: Publisher) -> None:
    key = ECKey.generate_key("P-384", {"kid": "one"})
    verify = Verifier(publisher, key)
    genuine = ECKey.generate_key("P-256", {"kid": "one"})

    with pytest.raises(TokenRefused) as refused:
        verify(signed(key=genuine, header={"alg": "ES256"}), algorithm="ES256")
    assert refused.value.code == "signin.token.key"


def test_a_clock_that_is_off_is_said_in_seconds(verify: Verifier) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(signed(but(iat=T + 600, exp=T + 900)))

    assert "600 seconds ahead of" in refused.value.user_message
    assert "clock" in refused.value.user_message


@pytest.mark.parametrize("changes", [changes for changes, _ in BROKEN], ids=str)
def test_a_refusal_tells_no_secret(verify: Verifier, changes: dict[str, Any]) -> None:
    token = signed(but(**changes))

    with pytest.raises(TokenRefused) as refused:
        verify(token)
    told = f"{refused.value} {refused.value.user_message} {refused.value.admin_message}"
    assert token not in told
    assert token.split(".")[2] not in told
    assert "the access token" not in told
    assert "the nonce" not in told


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
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
    with pytest.raises(TokenRefused):
        verify(token)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
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
    except TokenRefused:
        return
    assert (found["iss"], found["nonce"]) == (ISSUER, "the nonce")
    assert found["aud"] in ("gatehouse", ["gatehouse"])
    assert found.get("azp", "gatehouse") == "gatehouse"
    assert found["exp"] > T - 30
