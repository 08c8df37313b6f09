"""The saved sign-in: checked when it is read, refreshed once."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gatehouse_client import private_files, provider, settings, signin
from gatehouse_client.errors import CommandFailed, NotSignedIn
from gatehouse_client.portal import SignInSettings
from gatehouse_client.provider import OAuthError, ProviderApi, TokenResponse
from gatehouse_client.signin import SavedSignIn

PORTAL = "https://aws.northwind.example"
SETTINGS = SignInSettings("https://id.northwind.example", "gatehouse-cli", ("openid",))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "gatehouse"))
    for name in ("GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


def save(**changes: Any) -> SavedSignIn:
    """Save a sign-in and return it."""
    sign_in = SavedSignIn(
        **{
            "portal": PORTAL,
            "settings": SETTINGS,
            "bearer": "first",
            "expires_at": time.time() + 300,
            "refresh_token": "refresh",
            **changes,
        }
    )
    private_files.write(settings.sign_in_file(PORTAL), json.dumps(asdict(sign_in)))
    return sign_in


class FakeProvider(ProviderApi):
    """A provider whose token endpoint answers as a test says."""

    __slots__ = ()
    requests: list[dict[str, str]] = []
    answer: TokenResponse | OAuthError = TokenResponse("second", 300, "")

    def request_tokens(self, **form: str) -> TokenResponse:
        type(self).requests.append(form)
        if isinstance(self.answer, OAuthError):
            raise self.answer
        return self.answer


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeProvider]:
    class OfThisTest(FakeProvider):
        __slots__ = ()
        requests: list[dict[str, str]] = []

    monkeypatch.setattr(provider, "discover", lambda settings: OfThisTest(settings, {}))
    return OfThisTest


def test_damaged_file_is_reported_without_its_text() -> None:
    for text in ("", "{", "[]", "{}", '{"portal": "x"}', '{"settings": {"scopes": 7}}'):
        private_files.write(settings.sign_in_file(PORTAL), text)
        with pytest.raises(CommandFailed, match="is damaged"):
            signin.bearer_source(PORTAL)(False)


def test_file_of_another_portal_gives_it_no_token() -> None:
    save(portal="https://other.example")

    with pytest.raises(CommandFailed, match=r"is for https://other\.example"):
        signin.bearer_source(PORTAL)(False)


def test_expired_token_without_a_refresh_token_ends_the_sign_in(fake: type[FakeProvider]) -> None:
    save(expires_at=time.time() + signin.LEEWAY - 1, refresh_token="")

    with pytest.raises(NotSignedIn, match="gatehouse login"):
        signin.bearer_source(PORTAL)(False)

    assert fake.requests == []


def test_temporary_error_keeps_the_sign_in(fake: type[FakeProvider]) -> None:
    save(expires_at=0)
    fake.answer = OAuthError("temporarily_unavailable", "")

    with pytest.raises(OAuthError):
        signin.bearer_source(PORTAL)(False)

    assert settings.sign_in_file(PORTAL).exists()


def test_refresh_token_that_does_not_rotate_is_kept(fake: type[FakeProvider]) -> None:
    save(expires_at=0)

    assert signin.bearer_source(PORTAL)(False) == "second"

    assert fake.requests == [{"grant_type": "refresh_token", "refresh_token": "refresh"}]
    saved = json.loads(settings.sign_in_file(PORTAL).read_text())
    assert saved["refresh_token"] == "refresh"


def test_refused_token_is_refreshed_before_it_expires(fake: type[FakeProvider]) -> None:
    save()
    bearer = signin.bearer_source(PORTAL)

    assert bearer(False) == "first"
    assert bearer(True) == "second"


def test_token_that_another_process_refreshed_is_used(
    fake: type[FakeProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    save(expires_at=0)
    locked = private_files.locked

    def after_another_process(path: Path) -> Any:
        save(bearer="of another")
        return locked(path)

    monkeypatch.setattr(private_files, "locked", after_another_process)

    assert signin.bearer_source(PORTAL)(False) == "of another"
    assert fake.requests == []


def test_secrets_are_in_no_repr() -> None:
    sign_in = save()

    assert "first" not in repr(sign_in)
    assert "'refresh'" not in repr(sign_in)
