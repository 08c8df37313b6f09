"""The portal's API: answers are checked, errors are shown; and the profiles for AWS's tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from gatehouse_client import portal, profiles
from gatehouse_client.errors import CommandFailed, NotSignedIn
from gatehouse_client.portal import PortalApi, RoleName, SignInSettings
from tests.emulators import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.wire
SETTINGS = {
    "issuer": "https://id.example.com",
    "client_id": "cli",
    "scopes": ["openid"],
    "audience": None,
    "resource": None,
    "token": "access",
}


class ScriptedPortal:
    """A portal that answers as a test says."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.server = ScriptedServer(lambda seen: self.replies.pop(0))

    def says(self, status: int, content: Any) -> None:
        self.replies.append(Reply(status, json.dumps(content)))

    def fails(self, status: int, code: str, message: str = "Words.") -> None:
        self.says(status, {"error": {"code": code, "message": message, "request_id": "r-1"}})


@pytest.fixture
def scripted() -> Iterator[ScriptedPortal]:
    scripted = ScriptedPortal()
    with scripted.server:
        yield scripted


def test_portal_that_does_not_say_how_to_sign_in_is_refused(scripted: ScriptedPortal) -> None:
    for changes in (
        {"issuer": "http://id.example.com"},
        {"issuer": ""},
        {"issuer": None},
        {"client_id": ""},
        {"client_id": 7},
        {"scopes": None},
        {"scopes": [7]},
        {"token": "refresh"},
        {"token": None},
    ):
        scripted.says(200, SETTINGS | changes)
        with pytest.raises(CommandFailed, match=r"how to sign in|cannot be used safely"):
            portal.sign_in_settings(scripted.server.url)


def test_something_that_is_no_portal_is_reported(scripted: ScriptedPortal) -> None:
    for status, content in product((200, 404, 500), ({}, {"error": "not_found"}, {"detail": "x"})):
        scripted.says(status, content)
        with pytest.raises(CommandFailed, match="Is it a Gatehouse portal"):
            portal.sign_in_settings(scripted.server.url)


def test_portal_that_is_not_set_up_says_what_is_missing(scripted: ScriptedPortal) -> None:
    scripted.fails(404, "client.not_set_up", "API_CLIENT_ID names\x1b[1m the client.")

    with pytest.raises(CommandFailed, match="API_CLIENT_ID names") as caught:
        portal.sign_in_settings(scripted.server.url)

    assert str(caught.value).isprintable()


def test_settings_are_what_the_portal_says(scripted: ScriptedPortal) -> None:
    scripted.says(200, SETTINGS | {"audience": "https://api"})

    assert portal.sign_in_settings(scripted.server.url) == SignInSettings(
        "https://id.example.com", "cli", ("openid",), audience="https://api"
    )


def at(
    scripted: ScriptedPortal, bearer: Callable[[bool], str] = lambda refused: "" if refused else "t"
) -> PortalApi:
    return PortalApi(scripted.server.url, bearer, advice="Sign in.")


def test_token_that_is_refused_ends_with_advice(scripted: ScriptedPortal) -> None:
    scripted.fails(401, "token.exp", "It has expired.")

    with pytest.raises(NotSignedIn, match=r"It has expired\. Sign in\."):
        at(scripted).me()


def test_api_that_takes_no_tokens_is_no_matter_of_signing_in(scripted: ScriptedPortal) -> None:
    scripted.fails(401, "token.not_set_up")

    with pytest.raises(CommandFailed) as caught:
        at(scripted).me()

    assert not isinstance(caught.value, NotSignedIn)


def test_sign_in_that_is_over_tells_why_the_token_was_refused(scripted: ScriptedPortal) -> None:
    scripted.fails(401, "token.aud", "It is for another audience.")

    def bearer(refused: bool) -> str:
        if refused:
            raise NotSignedIn("over")
        return "t"

    with pytest.raises(NotSignedIn, match="another audience"):
        at(scripted, bearer).me()


def test_token_that_is_refused_twice_is_asked_for_twice(scripted: ScriptedPortal) -> None:
    scripted.fails(401, "token.signature")
    scripted.fails(401, "token.signature")

    with pytest.raises(NotSignedIn):
        at(scripted, lambda refused: "second" if refused else "first").me()

    assert [seen.headers["authorization"] for seen in scripted.server.seen] == [
        "Bearer first",
        "Bearer second",
    ]


def test_defect_of_the_portal_comes_with_the_request_to_quote(scripted: ScriptedPortal) -> None:
    scripted.fails(503, "database.unavailable")

    with pytest.raises(CommandFailed, match="r-1"):
        at(scripted).me()


def test_list_is_asked_for_until_its_end(scripted: ScriptedPortal) -> None:
    one, other = entitlement(role_name="a"), entitlement(role_name="b")
    scripted.says(200, {"items": [one], "next": "x/y", "problems": []})
    scripted.says(200, {"items": [other], "next": None, "problems": [{"message": "cut off"}]})

    assert at(scripted).entitlements(kind="keys") == ([one, other], ["cut off"])

    first, second = scripted.server.seen
    assert isinstance(first, Seen)
    assert first.path == "/api/v1/me/entitlements?kind=keys&limit=200"
    assert second.path.endswith("&after=x%2Fy")


def test_list_that_does_not_end_is_given_up(
    scripted: ScriptedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "_MAX_PAGES", 3)
    for _ in range(4):
        scripted.says(200, {"items": [], "next": "more", "problems": []})

    with pytest.raises(CommandFailed, match="does not end"):
        at(scripted).entitlements()

    assert len(scripted.server.seen) == 3


def test_answers_of_another_shape_are_reported(scripted: ScriptedPortal) -> None:
    unexpected = "does not answer as a Gatehouse portal"
    contents: tuple[dict[str, Any], ...] = (
        {},
        {"items": [], "next": None},
        {"items": {}, "next": None, "problems": []},
        {"items": [7], "next": None, "problems": []},
        {"items": [{"role_name": "a"}], "next": None, "problems": []},
        {"items": [], "next": 7, "problems": []},
        {"items": [], "next": None, "problems": ["cut off"]},
    )
    for content in contents:
        scripted.says(200, content)
        with pytest.raises(CommandFailed, match=unexpected):
            at(scripted).entitlements()
    scripted.says(200, {"sub": 7})
    with pytest.raises(CommandFailed, match=unexpected):
        at(scripted).me()


def test_keys_of_another_shape_are_reported_without_them(scripted: ScriptedPortal) -> None:
    names = ("access_key_id", "secret_access_key", "session_token", "account_id", "role_name")
    keys = dict.fromkeys(names, "a secret") | {"expires_at": "2026-08-07T12:00:00Z"}
    for changes in ({"session_token": None}, {"expires_at": "soon"}, {"expires_at": 7}):
        scripted.says(200, keys | changes)

        with pytest.raises(CommandFailed, match="does not answer as a Gatehouse portal") as caught:
            at(scripted).keys(RoleName(arn="a"), duration=None, tags={})
        assert "a secret" not in str(caught.value)


def test_keys_that_do_more_than_was_asked_for_are_not_used(scripted: ScriptedPortal) -> None:
    names = ("access_key_id", "secret_access_key", "session_token", "account_id", "role_name")
    keys = dict.fromkeys(names, "a secret") | {"expires_at": "2026-08-07T12:00:00Z"}
    for said in ({}, {"read_only": False}, {"read_only": "true"}):
        scripted.says(200, keys | said)

        with pytest.raises(CommandFailed, match="not read-only") as caught:
            at(scripted).keys(RoleName(arn="a"), duration=None, tags={}, read_only=True)
        assert "a secret" not in str(caught.value)


def test_unsafe_link_to_the_console_is_refused(scripted: ScriptedPortal) -> None:
    for url in ("https://x.example/\x1b[2J", "javascript:alert(1)", "", None):
        scripted.says(200, {"url": url})
        with pytest.raises(CommandFailed, match="no link"):
            at(scripted).console(RoleName(arn="a"), destination="")


def test_role_has_the_parameters_of_its_name() -> None:
    for role, parameters in (
        (RoleName(arn="arn:x"), {"role_arn": "arn:x"}),
        (
            RoleName(account="012345678901", name="A"),
            {"account_id": "012345678901", "role_name": "A"},
        ),
        (RoleName(account="dev", name="A"), {"account_name": "dev", "role_name": "A"}),
        (RoleName(account="1234", name="A"), {"account_name": "1234", "role_name": "A"}),
    ):
        assert role.parameters == parameters


# --- Profiles for AWS's tools ---


def entitlement(**changes: str) -> dict[str, Any]:
    return {
        "account_id": "123456789012",
        "account_name": "payments prod [eu]",
        "role_name": "ReadOnly",
        "role_arn": "arn:aws:iam::123456789012:role/ReadOnly",
        "region": "eu-west-1",
        "console": True,
        "keys": True,
        "profile_name": "payments-prod-eu_ReadOnly",
    } | changes


def test_name_that_means_something_to_a_shell_or_a_file_is_refused() -> None:
    for changes in (
        {"role_name": "Read Only"},
        {"role_name": "x; rm -rf ~"},
        {"role_name": "$(id)"},
        {"role_name": "--portal"},
        {"account_id": "1\n[default]"},
        {"region": "eu-west-1\naws_access_key_id = x"},
        {"profile_name": "x]\n[default"},
        {"profile_name": ""},
    ):
        with pytest.raises(CommandFailed, match="cannot be in a profile"):
            profiles.profiles_of("https://aws.example.com", [entitlement(**changes)])


def test_name_that_the_portal_gives_twice_is_refused() -> None:
    with pytest.raises(CommandFailed, match="one name for two"):
        profiles.profiles_of(
            "https://aws.example.com", [entitlement(), entitlement(account_id="210987654321")]
        )


def test_profile_is_as_the_portal_names_it() -> None:
    [found] = profiles.profiles_of("https://aws.example.com", [entitlement()])

    assert found.text == (
        "[profile payments-prod-eu_ReadOnly]\n"
        "# kept by gatehouse config\n"
        "credential_process = gatehouse credentials --portal https://aws.example.com 123456789012 ReadOnly\n"
        "region = eu-west-1"
    )


def test_settings_that_mean_something_to_a_file_are_refused() -> None:
    sso = {
        "section": "aws.example.com",
        "start_url": "https://aws.example.com/start",
        "region": "not-at-aws",
        "scopes": "sso:account:access",
        "endpoint_url": "https://aws.example.com",
    }
    assert profiles.sso_settings({"sso": sso}).section == "aws.example.com"
    for changes in (
        {"section": "x]\n[default"},
        {"region": "eu-west-1\nca_bundle = x"},
        {"endpoint_url": "http://aws.example.com"},
        {"start_url": None},
    ):
        with pytest.raises(CommandFailed):
            profiles.sso_settings({"sso": sso | changes})
    with pytest.raises(CommandFailed):
        profiles.sso_settings({})


def test_expiration_is_in_utc_to_the_second() -> None:
    keys = {"access_key_id": "a", "secret_access_key": "b", "session_token": "c"}
    for expires_at in (
        "2026-08-07T12:00:00Z",
        "2026-08-07T12:00:00.123Z",
        "2026-08-07T14:00:00+02:00",
    ):
        output = json.loads(profiles.process_output({**keys, "expires_at": expires_at}))
        assert output["Expiration"] == "2026-08-07T12:00:00Z", expires_at
