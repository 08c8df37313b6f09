"""The trust method switch-role at the door: a link that is recorded, no keys, and AWS is asked nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts import access, trust
from accounts.entitlements import resolve
from accounts.errors import AccessDenied, AwsRefused, GatehouseError, InvalidRequest
from accounts.models import Account, AuditEvent, Environment, PermissionSet
from accounts.types import ConsoleSignIn, Kind, OfferedRole, RoleRef, SessionRequest
from tests import cast
from tests.emulators import Reply, ScriptedServer, sts_at

DEV = "210987654321"


@pytest.fixture(autouse=True)
def _dev_is_switched_to(northwind: None) -> None:
    Account.objects.filter(account_id=DEV).update(trust_method="switch-role")


def open_console(**options: Any) -> ConsoleSignIn:
    return access.console_url(
        **{
            "subject": cast.as_subject("alice"),
            "role": RoleRef(DEV, "Developer"),
            "destination": "",
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **options,
        }
    )


def role() -> OfferedRole:
    decided = resolve(subject=cast.subject("alice"), now=timezone.now(), account_id=DEV)
    return decided.granted[0].role


def last() -> AuditEvent:
    return AuditEvent.objects.filter(action__startswith="access.")[0]


def test_keys_are_denied_with_the_reason_and_aws_is_not_asked() -> None:
    with (
        ScriptedServer(lambda seen: Reply(500)) as server,
        sts_at(server.url),
        pytest.raises(AccessDenied, match="gives no keys") as denied,
    ):
        access.issue_keys(
            subject=cast.as_subject("alice"),
            role=RoleRef(DEV, "Developer"),
            duration=None,
            origin=cast.ORIGIN,
            now=timezone.now(),
        )

    assert denied.value.code == last().error_code == "access.no_keys"
    assert last().action == "access.keys.denied"
    assert "console" in denied.value.user_message
    assert server.seen == []


def test_method_itself_gives_no_keys_whoever_asks() -> None:
    request = SessionRequest(
        role=role(), subject=cast.subject("alice"), session_name="alice", duration=900
    )

    for ask in (
        lambda: trust.obtain(request),
        lambda: trust.refuse_unfit(
            role=role(), subject=request.subject, kind=Kind.KEYS, tags=request.tags
        ),
    ):
        with pytest.raises(AccessDenied) as denied:
            ask()
        assert denied.value.code == "access.no_keys"
    assert trust.console_duration(role(), 900) is None
    assert trust.session_limit(role()).seconds == role().session_duration


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"destination": "https://console.aws.amazon.com/s3/home"}, "request.destination"),
        ({"region": "eu-west-1"}, "request.region"),
        ({"duration": 900}, "request.duration"),
        ({"tags": {"project": "payments"}}, "request.tags_not_possible"),
    ],
)
def test_what_the_page_of_aws_cannot_take_is_refused(options: dict[str, Any], code: str) -> None:
    PermissionSet.objects.update(session_tags=["project"])

    with pytest.raises(InvalidRequest, match="Leave") as refused:
        open_console(**options)

    assert refused.value.code == last().error_code == code
    assert last().action == "access.console.denied"


def test_role_that_is_not_given_has_no_link() -> None:
    with pytest.raises(GatehouseError):
        open_console(subject=cast.as_subject("mallory"))

    assert last().action == "access.console.denied"


def test_role_that_the_page_does_not_take_is_a_failure() -> None:
    PermissionSet.objects.filter(name="Developer").update(iam_path=f"/{'p' * 64}/")

    with pytest.raises(AwsRefused):
        open_console()

    assert (last().action, last().error_code) == ("access.console.failed", "aws.switch_role_name")


def test_console_is_a_link_that_is_recorded(settings: Any) -> None:
    settings.AWS_FEDERATION_ENDPOINT = ""
    Environment.objects.update(colour="red")
    with ScriptedServer(lambda seen: Reply(500)) as server, sts_at(server.url):
        opened = open_console(sign_out_first=True)

    query = {name: values[0] for name, values in parse_qs(urlsplit(opened.url).query).items()}
    assert opened.url.startswith("https://signin.aws.amazon.com/switchrole?")
    assert query == {
        "account": DEV,
        "roleName": "gatehouse/Developer",
        "displayName": "Developer @ payments-dev",
        "color": "f2b0a9",
    }
    assert server.seen == []
    assert last().action == "access.console.issued"
    assert last().detail["destination"] == opened.url
    assert (last().access_key_id, last().duration) == ("", None)


@pytest.mark.parametrize("colour", ["violet", "grey"])
def test_colour_that_aws_does_not_have_is_left_out(colour: str) -> None:
    Environment.objects.update(colour=colour)

    assert "color" not in open_console().url


def test_account_without_an_environment_has_no_colour() -> None:
    Account.objects.update(environment=None)

    assert "color" not in open_console().url
