"""Which hosts are this machine, and to which addresses tokens and keys may go: one answer for all who ask."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from accounts.addresses import is_loopback, is_safe_address
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


@pytest.mark.parametrize("host", [None, "", ".", "localhost.example", "127.0.0.1.example", "::2"])
def test_a_host_elsewhere_is_not_this_machine(host: str | None) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["localhost", "keycloak.localhost", "127.8.9.10", "::1"])
def test_localhost_all_names_under_it_and_loopback_addresses_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_plain_http_address_elsewhere_is_not_safe(host: str) -> None:
    assert not is_safe_address(f"http://{host}:8001/")


@pytest.mark.parametrize("host", HERE)
def test_a_plain_http_address_on_this_machine_is_safe(host: str) -> None:
    assert is_safe_address(f"http://{host}:8001/")


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
        TrustedIssuer(name="CI", url=f"http://{host}", audiences=["gatehouse"]).clean()
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("host", [*ELSEWHERE, *HERE])
@pytest.mark.parametrize(
    "takes", [base_url, federation_endpoint, issuer_of_people, issuer_of_workloads]
)
def test_whoever_asks_gets_the_same_answer(
    settings: Settings, takes: Callable[[Settings, str], bool], host: str
) -> None:
    assert takes(settings, host) is is_loopback(urlsplit(f"http://{host}").hostname)


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
