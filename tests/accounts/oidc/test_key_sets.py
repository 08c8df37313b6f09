"""The provider's signing keys."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from accounts.oidc import key_sets
from accounts.oidc.cache import CachedValue
from accounts.oidc.errors import InvalidToken, ProviderUnavailable
from tests.publisher import Publisher

ONE, TWO, THREE = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("one", "two", "three"))
NAMELESS = RSAKey.generate_key(2048)


def publish(publisher: Publisher, *published: Any) -> None:
    documents = [key if isinstance(key, dict) else key.as_dict(private=False) for key in published]
    publisher.publish("/jwks", {"keys": documents})


def find(
    publisher: Publisher,
    kid: str | None,
    algorithm: str = "RS256",
    *,
    interval: float = key_sets.AT_ONCE,
) -> str | None:
    key = key_sets.find(
        url=f"{publisher.url}/jwks", kid=kid, algorithm=algorithm, reload_interval=interval
    )
    return key.kid


def test_an_unknown_kid_is_refused(publisher: Publisher) -> None:
    publish(publisher, ONE)

    with pytest.raises(InvalidToken, match="does not publish"):
        find(publisher, "two")


def test_a_known_kid_is_found_without_asking_again(publisher: Publisher) -> None:
    publish(publisher, ONE, TWO)

    assert [find(publisher, kid) for kid in ("one", "two", "one")] == ["one", "two", "one"]
    assert publisher.hits["/jwks"] == 1


def test_an_unknown_kid_makes_the_keys_be_read_again_once(publisher: Publisher) -> None:
    publish(publisher, ONE)
    find(publisher, "one")

    for _ in range(5):
        with pytest.raises(InvalidToken):
            find(publisher, "unknown", interval=key_sets.RELOAD_INTERVAL)
    assert publisher.hits["/jwks"] == 2


def test_unknown_kids_that_anybody_sends_cost_no_sign_in_after_a_rotation(
    publisher: Publisher,
) -> None:
    publish(publisher, ONE)
    find(publisher, "one")
    with pytest.raises(InvalidToken):
        find(publisher, "unknown", interval=key_sets.RELOAD_INTERVAL)
    publish(publisher, TWO)

    with pytest.raises(InvalidToken):
        find(publisher, "two", interval=key_sets.RELOAD_INTERVAL)
    assert find(publisher, "two") == "two"
    # What the sign-in has read serves everybody.
    assert find(publisher, "two", interval=key_sets.RELOAD_INTERVAL) == "two"


def test_a_rotation_right_after_a_reading_costs_no_sign_in(publisher: Publisher) -> None:
    publish(publisher, ONE)
    find(publisher, "one")
    publish(publisher, TWO, ONE)

    assert find(publisher, "two") == "two"
    assert find(publisher, "one") == "one"
    assert publisher.hits["/jwks"] == 2


def test_a_rotation_met_by_many_threads_costs_no_sign_in_and_one_reading(
    publisher: Publisher,
) -> None:
    publish(publisher, ONE)
    find(publisher, "one")
    publish(publisher, TWO)
    together, found = threading.Barrier(8), list[str | None]()

    def look() -> None:
        together.wait()
        found.append(find(publisher, "two"))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["two"] * 8
    assert publisher.hits["/jwks"] == 2


def test_a_withdrawn_key_is_refused_once_the_new_one_was_seen(publisher: Publisher) -> None:
    publish(publisher, ONE)
    find(publisher, "one")
    publish(publisher, TWO)
    find(publisher, "two")

    with pytest.raises(InvalidToken):
        find(publisher, "one")


def test_a_withdrawn_key_is_refused_after_ten_minutes(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    cached = partial(CachedValue, clock=lambda: seconds[0])
    monkeypatch.setattr(key_sets, "CachedValue", cached)
    publish(publisher, ONE)
    find(publisher, "one")
    publish(publisher, TWO)

    seconds[0] = 599.0
    assert find(publisher, "one") == "one"
    seconds[0] = 600.0
    with pytest.raises(InvalidToken):
        find(publisher, "one")


def test_a_token_without_kid_is_refused_where_several_keys_fit(publisher: Publisher) -> None:
    publish(publisher, ONE, TWO)

    with pytest.raises(InvalidToken, match="fits 2 of the provider's keys"):
        find(publisher, None)


def test_a_token_without_kid_is_refused_where_no_key_fits(publisher: Publisher) -> None:
    publish(publisher, ECKey.generate_key("P-256", {"kid": "curve"}))

    with pytest.raises(InvalidToken, match="names no key"):
        find(publisher, None)


@pytest.mark.parametrize("only", [NAMELESS, ONE])
def test_a_token_without_kid_means_the_only_key_that_fits(
    publisher: Publisher, only: RSAKey
) -> None:
    publish(publisher, only, ECKey.generate_key("P-256", {"kid": "curve"}))

    assert find(publisher, None) == only.kid


def test_a_kid_held_by_keys_of_two_kinds_means_the_one_that_fits(publisher: Publisher) -> None:
    publish(publisher, ECKey.generate_key("P-256", {"kid": "one"}), ONE)

    key = key_sets.find(
        url=f"{publisher.url}/jwks", kid="one", algorithm="ES256", reload_interval=key_sets.AT_ONCE
    )
    assert key.key_type == "EC"


def test_a_failing_key_set_is_no_reason_to_accept_anything(publisher: Publisher) -> None:
    publisher.publish("/jwks", {}, status=500)

    with pytest.raises(ProviderUnavailable, match="status 500"):
        find(publisher, "one")


@pytest.mark.parametrize(
    "document",
    [{}, {"keys": None}, {"keys": {}}, {"keys": "one"}, {"keys": [{}] * 101}],
    ids=lambda document: str(document)[:30],
)
def test_what_is_no_key_set_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnavailable, match="key set"):
        key_sets.parse_keys(document)


PUBLIC = ONE.as_dict(private=False)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "one",
        {},
        {"kty": "RSA"},
        {"kty": ["RSA"]},
        {"kty": "oct", "k": "c2VjcmV0"},
        {**PUBLIC, "use": "enc"},
        {**PUBLIC, "use": None},
        {**PUBLIC, "key_ops": ["encrypt"]},
        {**PUBLIC, "key_ops": "verify"},
        {**PUBLIC, "kid": 7},
        {**PUBLIC, "n": "AQAB"},
        {**PUBLIC, "n": "not base64!" * 100},
        {**PUBLIC, "n": None},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-000", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    ],
    ids=lambda jwk: str(jwk).replace(str(PUBLIC["n"]), "…")[-40:],
)
def test_a_key_that_verifies_nothing_is_passed_over(jwk: object) -> None:
    found = key_sets.parse_keys({"keys": [jwk, TWO.as_dict(private=False)]})

    assert [key.kid for key in found] == ["two"]


def test_a_short_rsa_key_is_passed_over() -> None:
    short = {"kty": "RSA", "kid": "short", "e": "AQAB", "n": "v" * 171}  # 1024 bits

    assert key_sets.parse_keys({"keys": [short]}) == ()


def test_no_secret_key_is_ever_made_of_a_published_one() -> None:
    careless = [key.as_dict(private=True) for key in (ONE, OKPKey.generate_key("Ed25519"))]

    found = key_sets.parse_keys(
        {"keys": [*careless, OctKey.generate_key(256).as_dict(private=True)]}
    )

    assert [key.is_private for key in found] == [False, False]


@pytest.mark.parametrize(("alg", "fits"), [("RS256", True), ("RS512", False), (None, True)])
def test_a_key_kept_for_one_algorithm_is_not_used_for_another(alg: str | None, fits: bool) -> None:
    jwk = PUBLIC if alg is None else {**PUBLIC, "alg": alg}

    assert (
        bool(key_sets._matching(key_sets.parse_keys({"keys": [jwk]}), kid="one", algorithm="RS256"))
        is fits
    )
