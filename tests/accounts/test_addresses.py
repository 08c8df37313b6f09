"""Which hosts are this machine, and to which addresses tokens and keys may go: one answer for all who ask."""

from __future__ import annotations

import ast
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from accounts.addresses import is_in_networks, is_loopback, is_on_the_internet, is_safe_address
from accounts.models import TrustedIssuer
from portal import checks
from portal.signin import checks as signin_checks

ROOT = Path(__file__).resolve().parent.parent.parent
ELSEWHERE = [
    "localhost.example",
    "notlocalhost",
    "10.0.0.1",
    "169.254.169.254",
    "128.0.0.1",
    "0.0.0.0",
    "[::2]",
    "[::ffff:10.0.0.1]",
]
HERE = ["localhost", "LOCALHOST", "keycloak.localhost", "127.0.0.1", "127.8.9.10", "[::1]"]


INSIDE = [
    *("127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1"),
    *("100.64.0.1", "169.254.169.254", "169.254.170.2", "224.0.0.1", "ff02::1", "fd00:ec2::254"),
    *("fe80::1", "fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::a00:1", "64:ff9b::a9fe:a9fe"),
]
OUTSIDE = ["140.82.112.3", "2606:4700::1", "64:ff9b::8c52:7003"]


def test_localhost_all_names_under_it_and_loopback_addresses_are_this_machine() -> None:
    hosts = [None, "", ".", "localhost.example", "127.0.0.1.example", "::2"]
    hosts += ["localhost", "keycloak.localhost", "127.8.9.10", "::1"]

    assert [host for host in hosts if is_loopback(host)] == hosts[-4:]


def test_a_plain_http_address_is_safe_on_this_machine_only() -> None:
    assert [host for host in ELSEWHERE if is_safe_address(f"http://{host}:8001/")] == []
    assert [host for host in HERE if is_safe_address(f"http://{host}:8001/")] == HERE


def test_an_address_inside_is_not_on_the_internet_however_it_is_written() -> None:
    assert [address for address in INSIDE if is_on_the_internet(address)] == []
    assert [address for address in OUTSIDE if is_on_the_internet(address)] == OUTSIDE


def test_networks_hold_the_addresses_within_them_however_these_are_written() -> None:
    networks = ["10.20.0.0/16", "fd12::/16"]

    for address in ("10.20.0.1", "::ffff:10.20.0.1", "64:ff9b::a14:1", "fd12::1"):
        assert is_in_networks(address, networks), address
    assert not is_in_networks("10.21.0.1", networks)
    assert not is_in_networks("10.20.0.1", [])


def base_url(settings: Settings, host: str) -> bool:
    settings.BASE_URL = f"http://{host}"
    return "portal.E005" not in {message.id for message in checks.configuration()}


def federation_endpoint(settings: Settings, host: str) -> bool:
    settings.AWS_FEDERATION_ENDPOINT = f"http://{host}"
    return "portal.E006" not in {message.id for message in checks.configuration()}


def issuer_of_people(settings: Settings, host: str) -> bool:
    settings.OIDC_ISSUER = f"http://{host}"
    return "portal.E021" not in {message.id for message in signin_checks.sign_in()}


def issuer_of_workloads(settings: Settings, host: str) -> bool:
    del settings
    try:
        TrustedIssuer(name="CI", url=f"http://{host}/ci", audiences=["gatehouse"]).clean()
    except ValidationError:
        return False
    return True


def test_whoever_asks_gets_the_same_answer(settings: Settings) -> None:
    others = []
    for takes in (base_url, federation_endpoint, issuer_of_people, issuer_of_workloads):
        for host in (*ELSEWHERE, *HERE):
            if takes(settings, host) is not is_loopback(urlsplit(f"http://{host}").hostname):
                others.append((takes.__name__, host))

    assert others == []


@pytest.mark.parametrize("package", ["accounts", "portal"])
def test_there_is_one_definition(package: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr == "is_loopback")
        or (isinstance(node, ast.Constant) and node.value in ("localhost", "127.0.0.1"))
    ]

    assert set(found) <= {"accounts/addresses.py"}
