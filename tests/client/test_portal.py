"""What a portal answers, and something that is no portal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gatehouse_client import portal, profiles
from gatehouse_client.errors import Failed, NotSignedIn
from gatehouse_client.portal import Facts, Portal, Role
from tests.emulators import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.wire
FACTS = {
    "issuer": "https://id.example.com",
    "client_id": "cli",
    "scopes": ["openid"],
    "audience": None,
    "resource": None,
    "token": "access",
}


class Scripted:
    """A portal that answers as a test wants."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.server = ScriptedServer(lambda seen: self.replies.pop(0))

    def says(self, status: int, content: Any) -> None:
        self.replies.append(Reply(status, json.dumps(content)))

    def fails(self, status: int, code: str, message: str = "Words.") -> None:
        self.says(status, {"error": {"code": code, "message": message, "request_id": "r-1"}})


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    found = Scripted()
    with found.server:
        yield found


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://id.example.com"},
        {"issuer": ""},
        {"issuer": None},
        {"client_id": ""},
        {"client_id": 7},
        {"scopes": None},
        {"scopes": [7]},
        {"token": "refresh"},
        {"token": None},
    ],
    ids=str,
)
def test_portal_that_does_not_say_how_to_sign_in_is_refused(
    scripted: Scripted, changes: dict[str, Any]
) -> None:
    scripted.says(200, FACTS | changes)

    with pytest.raises(Failed):
        portal.facts(scripted.server.url)


@pytest.mark.parametrize("content", [{}, {"error": "not_found"}, {"detail": "x"}])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_something_that_is_no_portal_is_doubted(
    scripted: Scripted, status: int, content: Any
) -> None:
    scripted.says(status, content)

    with pytest.raises(Failed, match="Is it a Gatehouse portal"):
        portal.facts(scripted.server.url)


def test_portal_that_is_not_set_up_says_what_is_missing(scripted: Scripted) -> None:
    scripted.fails(404, "client.not_set_up", "API_CLIENT_ID names\x1b[1m the client.")

    with pytest.raises(Failed, match="API_CLIENT_ID names") as caught:
        portal.facts(scripted.server.url)

    assert str(caught.value).isprintable()


def test_facts_are_what_the_portal_says(scripted: Scripted) -> None:
    scripted.says(200, FACTS | {"audience": "https://api"})

    assert portal.facts(scripted.server.url) == Facts(
        "https://id.example.com", "cli", ("openid",), audience="https://api"
    )


def at(
    scripted: Scripted, bearer: Callable[[bool], str] = lambda refused: "" if refused else "t"
) -> Portal:
    return Portal(scripted.server.url, bearer, advice="Sign in.")


def test_token_that_is_refused_ends_with_advice(scripted: Scripted) -> None:
    scripted.fails(401, "token.exp", "It has expired.")

    with pytest.raises(NotSignedIn, match=r"It has expired\. Sign in\."):
        at(scripted).me()


def test_api_that_takes_no_tokens_is_no_matter_of_signing_in(scripted: Scripted) -> None:
    scripted.fails(401, "token.not_set_up")

    with pytest.raises(Failed) as caught:
        at(scripted).me()

    assert not isinstance(caught.value, NotSignedIn)


def test_sign_in_that_is_over_tells_why_the_token_was_refused(scripted: Scripted) -> None:
    scripted.fails(401, "token.aud", "It is for another audience.")

    def bearer(refused: bool) -> str:
        if refused:
            raise NotSignedIn("over")
        return "t"

    with pytest.raises(NotSignedIn, match="another audience"):
        at(scripted, bearer).me()


def test_token_that_is_refused_twice_is_asked_for_twice(scripted: Scripted) -> None:
    scripted.fails(401, "token.signature")
    scripted.fails(401, "token.signature")

    with pytest.raises(NotSignedIn):
        at(scripted, lambda refused: "second" if refused else "first").me()

    assert [seen.headers["authorization"] for seen in scripted.server.seen] == [
        "Bearer first",
        "Bearer second",
    ]


def test_defect_of_the_portal_comes_with_the_request_to_quote(scripted: Scripted) -> None:
    scripted.fails(503, "database.unavailable")

    with pytest.raises(Failed, match="r-1"):
        at(scripted).me()


def test_list_is_asked_for_until_its_end(scripted: Scripted) -> None:
    one, other = offered(role_name="a"), offered(role_name="b")
    scripted.says(200, {"items": [one], "next": "x/y", "problems": []})
    scripted.says(200, {"items": [other], "next": None, "problems": [{"message": "cut off"}]})

    assert at(scripted).entitlements(kind="keys") == ([one, other], ["cut off"])

    first, second = scripted.server.seen
    assert isinstance(first, Seen)
    assert first.path == "/api/v1/me/entitlements?kind=keys&limit=200"
    assert second.path.endswith("&after=x%2Fy")


def test_list_that_does_not_end_is_given_up(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "_LONGEST_LIST", 3)
    for _ in range(4):
        scripted.says(200, {"items": [], "next": "more", "problems": []})

    with pytest.raises(Failed, match="does not end"):
        at(scripted).entitlements()

    assert len(scripted.server.seen) == 3


@pytest.mark.parametrize(
    "answered",
    [
        {},
        {"items": [], "next": None},
        {"items": {}, "next": None, "problems": []},
        {"items": [7], "next": None, "problems": []},
        {"items": [{"role_name": "a"}], "next": None, "problems": []},
        {"items": [], "next": 7, "problems": []},
        {"items": [], "next": None, "problems": ["cut off"]},
    ],
    ids=str,
)
def test_list_of_another_shape_is_doubted(scripted: Scripted, answered: dict[str, Any]) -> None:
    scripted.says(200, answered)

    with pytest.raises(Failed, match="does not answer as a Gatehouse portal"):
        at(scripted).entitlements()


def test_identity_of_another_shape_is_doubted(scripted: Scripted) -> None:
    scripted.says(200, {"sub": 7})

    with pytest.raises(Failed, match="does not answer as a Gatehouse portal"):
        at(scripted).me()


@pytest.mark.parametrize(
    "changes", [{"session_token": None}, {"expires_at": "soon"}, {"expires_at": 7}], ids=str
)
def test_keys_of_another_shape_are_doubted_and_not_told(
    scripted: Scripted, changes: dict[str, Any]
) -> None:
    keys = dict.fromkeys(portal._KEYS, "a secret") | {"expires_at": "2026-08-07T12:00:00Z"}
    scripted.says(200, keys | changes)

    with pytest.raises(Failed, match="does not answer as a Gatehouse portal") as caught:
        at(scripted).keys(Role(arn="a"), duration=None, tags={})

    assert "a secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://x.example/\x1b[2J", "javascript:alert(1)", "", None])
def test_link_to_the_console_that_is_none_is_not_handed_on(scripted: Scripted, url: Any) -> None:
    scripted.says(200, {"url": url})

    with pytest.raises(Failed, match="no link"):
        Portal(scripted.server.url, lambda refused: "t").console(Role(arn="a"), destination="")


@pytest.mark.parametrize(
    ("role", "asked"),
    [
        (Role(arn="arn:x"), {"role_arn": "arn:x"}),
        (
            Role(account="012345678901", name="A"),
            {"account_id": "012345678901", "role_name": "A"},
        ),
        (Role(account="dev", name="A"), {"account_name": "dev", "role_name": "A"}),
        (Role(account="1234", name="A"), {"account_name": "1234", "role_name": "A"}),
    ],
)
def test_role_is_asked_for_as_it_was_named(role: Role, asked: dict[str, str]) -> None:
    assert role.asked == asked


# --- What AWS's tools read ---


def offered(**changes: str) -> dict[str, Any]:
    return {
        "account_id": "123456789012",
        "account_name": "payments prod [eu]",
        "role_name": "ReadOnly",
        "role_arn": "arn:aws:iam::123456789012:role/ReadOnly",
        "region": "eu-west-1",
        "console": True,
        "keys": True,
    } | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"role_name": "Read Only"},
        {"role_name": "x; rm -rf ~"},
        {"role_name": "$(id)"},
        {"role_name": "--portal"},
        {"account_id": "1\n[default]"},
        {"region": "eu-west-1\naws_access_key_id = x"},
    ],
    ids=str,
)
def test_name_that_means_something_to_a_shell_or_a_file_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Failed, match="cannot stand in a profile"):
        profiles.blocks("https://aws.example.com", [offered(**changes)])


def test_accounts_of_one_name_get_profiles_by_their_id() -> None:
    found = profiles.blocks(
        "https://aws.example.com", [offered(), offered(account_id="210987654321", region="")]
    )

    assert "\n\n".join(found) == (
        "[profile 123456789012_ReadOnly]\n"
        "credential_process = gatehouse credentials --portal https://aws.example.com 123456789012 ReadOnly\n"
        "region = eu-west-1\n"
        "\n"
        "[profile 210987654321_ReadOnly]\n"
        "credential_process = gatehouse credentials --portal https://aws.example.com 210987654321 ReadOnly"
    )


def test_name_of_a_profile_is_one_that_aws_takes() -> None:
    [found] = profiles.blocks("https://a.example", [offered()])

    assert found.startswith("[profile payments-prod-eu_ReadOnly]\n")


@pytest.mark.parametrize(
    ("answered", "written"),
    [
        ("2026-08-07T12:00:00Z", "2026-08-07T12:00:00Z"),
        ("2026-08-07T12:00:00.123Z", "2026-08-07T12:00:00Z"),
        ("2026-08-07T14:00:00+02:00", "2026-08-07T12:00:00Z"),
    ],
)
def test_expiry_is_to_the_second_in_utc(answered: str, written: str) -> None:
    keys = {
        "access_key_id": "a",
        "secret_access_key": "b",
        "session_token": "c",
        "expires_at": answered,
    }

    assert json.loads(profiles.process_output(keys))["Expiration"] == written
