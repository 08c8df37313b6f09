"""What is kept of a sign-in: doubted when it is read, renewed once."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gatehouse_client import places, private, provider, signin
from gatehouse_client.errors import Failed, NotSignedIn
from gatehouse_client.portal import Facts
from gatehouse_client.provider import Granted, Provider, Refused
from gatehouse_client.signin import SignIn

PORTAL = "https://aws.northwind.example"
FACTS = Facts("https://id.northwind.example", "gatehouse-cli", ("openid",))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "gatehouse"))
    for name in ("GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


def kept(**changes: Any) -> SignIn:
    """Keep a sign-in, and return it."""
    found = SignIn(
        **{
            "portal": PORTAL,
            "facts": FACTS,
            "bearer": "first",
            "expires_at": time.time() + 300,
            "refresh_token": "refresh",
            **changes,
        }
    )
    private.write(places.kept(PORTAL), json.dumps(asdict(found)))
    return found


class Answers(Provider):
    """A provider whose token endpoint grants or refuses as a test wants."""

    __slots__ = ()
    heard: list[dict[str, str]] = []
    answer: Granted | Refused = Granted("second", 300, "")

    def grant(self, **form: str) -> Granted:
        type(self).heard.append(form)
        if isinstance(self.answer, Refused):
            raise self.answer
        return self.answer


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> type[Answers]:
    class Own(Answers):
        __slots__ = ()
        heard: list[dict[str, str]] = []

    monkeypatch.setattr(provider, "discover", lambda facts: Own(facts, {}))
    return Own


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"portal": "x"}', '{"facts": {"scopes": 7}}'],
)
def test_file_that_is_damaged_is_said_and_not_repeated(text: str) -> None:
    private.write(places.kept(PORTAL), text)

    with pytest.raises(Failed, match="is damaged"):
        signin.bearer(PORTAL)(False)


def test_file_of_another_portal_gives_it_no_token() -> None:
    kept(portal="https://other.example")

    with pytest.raises(Failed, match=r"is of https://other\.example"):
        signin.bearer(PORTAL)(False)


def test_token_past_its_time_without_a_refresh_token_is_over(answers: type[Answers]) -> None:
    kept(expires_at=time.time() + signin.LEEWAY - 1, refresh_token="")

    with pytest.raises(NotSignedIn, match="gatehouse login"):
        signin.bearer(PORTAL)(False)

    assert answers.heard == []


def test_refusal_that_may_pass_keeps_the_sign_in(answers: type[Answers]) -> None:
    kept(expires_at=0)
    answers.answer = Refused("temporarily_unavailable", "")

    with pytest.raises(Refused):
        signin.bearer(PORTAL)(False)

    assert places.kept(PORTAL).exists()


def test_refresh_token_that_does_not_rotate_is_kept(answers: type[Answers]) -> None:
    kept(expires_at=0)

    assert signin.bearer(PORTAL)(False) == "second"

    assert answers.heard == [{"grant_type": "refresh_token", "refresh_token": "refresh"}]
    assert json.loads(places.kept(PORTAL).read_text())["refresh_token"] == "refresh"


def test_refused_token_is_renewed_although_it_has_time(answers: type[Answers]) -> None:
    kept()
    give = signin.bearer(PORTAL)

    assert give(False) == "first"
    assert give(True) == "second"


def test_token_that_another_process_renewed_is_taken_as_it_is(
    answers: type[Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(expires_at=0)
    locked = private.locked

    def after_another(path: Path) -> Any:
        kept(bearer="of another")
        return locked(path)

    monkeypatch.setattr(private, "locked", after_another)

    assert signin.bearer(PORTAL)(False) == "of another"
    assert answers.heard == []


def test_secrets_are_in_no_repr() -> None:
    found = kept()

    assert "first" not in repr(found)
    assert "'refresh'" not in repr(found)
