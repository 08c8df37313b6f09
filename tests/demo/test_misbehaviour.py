"""The demo's identity provider misbehaves exactly as it is told to, and only then."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet, OctKey

from demo.identity import IdentityProvider
from tests.demo.relying_party import RelyingParty

pytestmark = pytest.mark.wire


def id_token(rp: RelyingParty) -> str:
    token = rp.exchange(code=rp.code()).json()["id_token"]
    assert isinstance(token, str)
    return token


def test_claims_are_replaced_under_a_good_signature(
    rp: RelyingParty, provider: IdentityProvider
) -> None:
    faults: tuple[dict[str, Any], ...] = (
        {"iss": "https://evil.example"},
        {"aud": ["other"]},
        {"nonce": None},
        {"nonce": "another"},
        {"sub": "sub-carol"},
    )
    honest = rp.claims(id_token(rp))
    for claims in faults:
        with provider.misbehaving(claims=claims):
            spoilt = rp.claims(id_token(rp))
        for name, value in claims.items():
            assert spoilt.get(name) == value != honest[name]


def test_two_thousand_groups_fit(rp: RelyingParty, provider: IdentityProvider) -> None:
    groups = [f"group-{number}" for number in range(2000)]
    provider.change("alice", groups=tuple(groups))

    assert rp.claims(id_token(rp))["groups"] == groups


def test_the_clock_can_be_off(rp: RelyingParty, provider: IdentityProvider) -> None:
    with provider.misbehaving(clock=3600, lifetime=-10):
        claims = rp.claims(id_token(rp))

    assert claims["iat"] > time.time() + 3500
    assert claims["exp"] == claims["iat"] - 10


def test_the_kid_can_be_missing_or_unknown(rp: RelyingParty, provider: IdentityProvider) -> None:
    for header in ({"kid": None}, {"kid": "unknown"}):
        with provider.misbehaving(header=header):
            token = jws.extract_compact(id_token(rp).encode())
        assert token.headers().get("kid") == header["kid"]


def test_the_algorithm_can_be_weak(rp: RelyingParty, provider: IdentityProvider) -> None:
    for algorithm in ("HS256", "none"):
        with provider.misbehaving(algorithm=algorithm):
            token = id_token(rp)

        assert jws.extract_compact(token.encode()).headers()["alg"] == algorithm


def test_hs256_is_signed_with_the_secret_of_the_client(
    rp: RelyingParty, provider: IdentityProvider
) -> None:
    with provider.misbehaving(algorithm="HS256"):
        token = id_token(rp)

    claims = jwt.decode(token, OctKey.import_key(rp.secret), algorithms=["HS256"]).claims
    assert claims["sub"] == "sub-alice"


def test_the_key_can_be_foreign(rp: RelyingParty, provider: IdentityProvider) -> None:
    with provider.misbehaving(foreign_key=True):
        token = id_token(rp)

    with pytest.raises(BadSignatureError):
        rp.claims(token)


def test_keys_rotate(rp: RelyingParty, provider: IdentityProvider) -> None:
    old = id_token(rp)
    provider.rotate_keys(keep_old=True)
    assert len(KeySet.import_key_set(rp.get("/jwks").json()).keys) == 2
    provider.rotate_keys()

    assert rp.claims(id_token(rp))
    with pytest.raises(InvalidKeyIdError):
        rp.claims(old)


def test_userinfo_can_name_somebody_else(rp: RelyingParty, provider: IdentityProvider) -> None:
    token = rp.exchange(code=rp.code()).json()["access_token"]

    with provider.misbehaving(userinfo={"sub": "sub-carol", "groups": None}):
        info = rp.get("/userinfo", headers={"Authorization": f"Bearer {token}"}).json()

    assert info["sub"] == "sub-carol"
    assert "groups" not in info


def test_an_endpoint_can_be_slow_fail_or_talk_nonsense(
    rp: RelyingParty, provider: IdentityProvider
) -> None:
    before = provider.hits["jwks"]
    with provider.misbehaving(
        slow={"jwks": 0.2}, status={"token": 500}, not_json=frozenset({"discovery"})
    ):
        started = time.monotonic()
        assert rp.get("/jwks").status_code == 200
        assert time.monotonic() - started >= 0.2
        assert rp.exchange(code="any").status_code == 500
        assert "json" not in rp.get("/.well-known/openid-configuration").headers["Content-Type"]
    assert provider.hits["jwks"] == before + 1
    assert rp.get("/.well-known/openid-configuration").json()["issuer"] == rp.url
