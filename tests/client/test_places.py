"""Which portal is meant, and where its sign-in is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse_client import places
from gatehouse_client.errors import Failed, Misused


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GATEHOUSE_HOME", "GATEHOUSE_URL", "GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "https://aws.example.com/path",
        "https://aws.example.com?x=1",
        "https://aws.example.com#x",
        "https://aws.example.com:port",
        "http://aws.example.com",
        "https://me@aws.example.com",
        "javascript://x",
        "https://[::1",
    ],
)
def test_what_is_no_address_of_a_portal_is_refused(text: str) -> None:
    with pytest.raises(Misused):
        places.address(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("aws.example.com", "https://aws.example.com"),
        ("https://AWS.example.com/", "https://aws.example.com"),
        ("https://aws.example.com:443/start", "https://aws.example.com"),
        ("https://aws.example.com:8443", "https://aws.example.com:8443"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_address_has_one_spelling(text: str, address: str) -> None:
    assert places.address(text) == address
    assert places.address(address) == address


def test_typed_comes_before_the_environment_before_the_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places.remember("https://remembered.example")
    assert places.portal(None) == "https://remembered.example"

    monkeypatch.setenv("GATEHOUSE_URL", "of-the-environment.example")
    assert places.portal(None) == "https://of-the-environment.example"
    assert places.portal("typed.example") == "https://typed.example"


def test_portals_are_kept_apart() -> None:
    addresses = (
        "https://aws.example.com",
        "https://aws.example.com:8443",
        "http://localhost:8000",
        "http://[::1]:8000",
    )

    assert len({places.kept(address) for address in addresses}) == len(addresses)


def test_folder_can_be_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert places.folder() == home / ".gatehouse"

    monkeypatch.setenv("GATEHOUSE_HOME", str(home / "other"))
    assert places.folder() == home / "other"


def test_file_of_a_machines_token_that_cannot_be_read_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_TOKEN_FILE", str(home / "none"))

    with pytest.raises(Failed, match="GATEHOUSE_TOKEN_FILE"):
        places.machine_token()
