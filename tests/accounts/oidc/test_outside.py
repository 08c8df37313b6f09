"""Addresses that the operator did not choose: none inside of a network is asked for anything."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from accounts.oidc import discovery, keys
from accounts.oidc.errors import ProviderMisconfigured
from accounts.oidc.outside import may_be_asked
from accounts.oidc.wire import ask
from tests.publisher import Publisher

INSIDE = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "224.0.0.1",
    "ff02::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
]


@pytest.fixture(autouse=True)
def _elsewhere(settings: Any) -> None:
    """A portal that is not on this machine."""
    settings.SECURE = True


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_asked(address: str) -> None:
    assert not may_be_asked(address)


@pytest.mark.parametrize("address", ["140.82.112.3", "2606:4700::1", "64:ff9b::8c52:7003"])
def test_an_address_of_the_internet_is_asked(address: str) -> None:
    assert may_be_asked(address)


@pytest.mark.parametrize("address", ["10.20.0.1", "::ffff:10.20.0.1", "fd12::1"])
def test_an_address_that_the_operator_allows_is_asked(address: str, settings: Any) -> None:
    settings.TRUSTED_ISSUER_NETWORKS = ["10.20.0.0/16", "fd12::/16"]

    assert may_be_asked(address)
    assert not may_be_asked("10.21.0.1")


def test_a_trusted_issuer_inside_is_asked_for_nothing(publisher: Publisher) -> None:
    publisher.publish(
        discovery.WELL_KNOWN, {"issuer": publisher.url, "jwks_uri": f"{publisher.url}/jwks"}
    )

    with pytest.raises(ProviderMisconfigured) as refused:
        discovery.jwks_uri_of(publisher.url)

    assert not publisher.hits
    assert "TRUSTED_ISSUER_NETWORKS" in refused.value.admin_message
    assert "127.0.0.1" not in refused.value.user_message


def test_keys_inside_are_not_asked_for(publisher: Publisher) -> None:
    with pytest.raises(ProviderMisconfigured):
        keys.find(
            url=f"{publisher.url}/jwks",
            kid=None,
            algorithm="RS256",
            reload_interval=0,
            guarded=True,
        )

    assert not publisher.hits


def test_a_name_that_leads_inside_is_not_asked(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def inside(host: str, *args: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == "ci.localhost" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    url = publisher.url.replace("localhost", "ci.localhost").replace("127.0.0.1", "ci.localhost")

    with pytest.raises(ProviderMisconfigured):
        ask("GET", url, what="anything", limit=10, guarded=True)

    assert not publisher.hits


def test_a_trusted_issuer_inside_is_asked_where_the_operator_allows_it(
    publisher: Publisher, settings: Any
) -> None:
    settings.TRUSTED_ISSUER_NETWORKS = ["127.0.0.0/8", "::1"]
    publisher.publish(
        discovery.WELL_KNOWN, {"issuer": publisher.url, "jwks_uri": f"{publisher.url}/jwks"}
    )

    assert discovery.jwks_uri_of(publisher.url) == f"{publisher.url}/jwks"


def test_the_peoples_provider_may_be_anywhere(publisher: Publisher) -> None:
    publisher.publish("/jwks", {"keys": []})

    assert keys.current(url=f"{publisher.url}/jwks") == ()
