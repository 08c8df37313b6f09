"""What the settings make of a hostile, careless or unusual environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from portal.checks import configuration

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("SECRET_KEY", "OIDC_RP_CLIENT_SECRET", "ALLOWED_HOSTS", "UNREADABLE", "DEBUG")
ASK = f"import json, portal.settings as s; print(json.dumps([getattr(s, n) for n in {NAMES}]))"


def read(**environment: str) -> dict[str, Any]:
    """Return what the settings make of an environment, in a process of their own."""
    ended = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(NAMES, json.loads(ended.stdout), strict=True))


def test_no_variable_turns_debugging_on() -> None:
    assert read(DEBUG="True", DJANGO_DEBUG="1")["DEBUG"] is False


def test_a_secret_from_a_file_is_read_without_the_newline_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" kept as it is \r\n")

    found = read(OIDC_RP_CLIENT_SECRET_FILE=str(tmp_path / "secret"))

    assert found["OIDC_RP_CLIENT_SECRET"] == " kept as it is "
    assert found["UNREADABLE"] == []


def test_a_file_that_cannot_be_read_is_complained_about(tmp_path: Path) -> None:
    found = read(SECRET_KEY_FILE=str(tmp_path / "nowhere"))

    assert found["SECRET_KEY"] == "not set"
    assert found["UNREADABLE"] == ["SECRET_KEY_FILE names a file that cannot be read"]


def test_a_secret_that_would_be_read_as_another_variable_is_complained_about() -> None:
    found = read(OIDC_RP_CLIENT_SECRET="$ecret", HOME="/root")

    (complaint,) = found["UNREADABLE"]
    assert complaint.startswith("OIDC_RP_CLIENT_SECRET begins with $")
    assert "ecret" not in complaint.partition(" ")[2]


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("https://aws.example.com", ["aws.example.com"]),
        ("http://localhost:8000", ["localhost"]),
        ("http://[::1]:8000", ["[::1]"]),
        ("", []),
    ],
)
def test_the_host_of_the_address_is_the_only_one(address: str, hosts: list[str]) -> None:
    assert read(BASE_URL=address)["ALLOWED_HOSTS"] == hosts


OF_MANY_HOSTS = ["https://*", "https://.example.com", "https://*.example.com"]
OF_MANY_HOSTS += ["https://a_b", "https://a,b"]


def test_an_address_that_would_stand_for_many_hosts_is_refused(settings: Settings) -> None:
    for address in OF_MANY_HOSTS:
        settings.BASE_URL = address

        assert [message.id for message in configuration()] == ["portal.E004"], address


FROM_EXAMPLES = [
    "django-insecure-7#k1(z&w!q9v3x5b8n0m2c4d6f8g",
    "changeme-changeme-changeme-changeme",
    "Change-Me: 0123456789abcdefghijklmnop",
    "your-secret-key-goes-here-0123456789",
]


def test_a_secret_key_left_standing_from_an_example_is_refused(settings: Settings) -> None:
    for secret in FROM_EXAMPLES:
        settings.SECRET_KEY = secret

        assert [message.id for message in configuration()] == ["portal.E002"], secret
        (message,) = configuration()
        assert secret not in f"{message.msg} {message.hint}"
