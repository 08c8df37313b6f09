"""Which portal is used, and where its sign-in is saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse_client import settings
from gatehouse_client.errors import CommandFailed, UsageError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GATEHOUSE_HOME", "GATEHOUSE_URL", "GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_url_that_is_not_of_a_portal_is_refused() -> None:
    for text in (
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
    ):
        with pytest.raises(UsageError):
            settings.portal_url(text)


def test_url_has_one_form() -> None:
    for text, url in (
        ("aws.example.com", "https://aws.example.com"),
        ("https://AWS.example.com/", "https://aws.example.com"),
        ("https://aws.example.com:443/start", "https://aws.example.com"),
        ("https://aws.example.com:8443", "https://aws.example.com:8443"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ):
        assert settings.portal_url(text) == url
        assert settings.portal_url(url) == url


def test_typed_portal_comes_before_the_environment_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.remember_portal("https://remembered.example")
    assert settings.choose_portal(None) == "https://remembered.example"

    monkeypatch.setenv("GATEHOUSE_URL", "of-the-environment.example")
    assert settings.choose_portal(None) == "https://of-the-environment.example"
    assert settings.choose_portal("typed.example") == "https://typed.example"


def test_each_portal_has_a_file_of_its_own() -> None:
    urls = (
        "https://aws.example.com",
        "https://aws.example.com:8443",
        "http://localhost:8000",
        "http://[::1]:8000",
    )

    assert len({settings.sign_in_file(url) for url in urls}) == len(urls)


def test_folder_can_be_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.home_folder() == home / ".gatehouse"

    monkeypatch.setenv("GATEHOUSE_HOME", str(home / "other"))
    assert settings.home_folder() == home / "other"


def test_token_file_that_cannot_be_read_is_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_TOKEN_FILE", str(home / "none"))

    with pytest.raises(CommandFailed, match="GATEHOUSE_TOKEN_FILE"):
        settings.machine_token()
