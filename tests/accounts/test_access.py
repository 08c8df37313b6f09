"""The one door: nothing is released that was not decided now, obtained from AWS and recorded."""

from __future__ import annotations

from collections.abc import Mapping as Mappings
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import access, audit, pool, signins, trust
from accounts.errors import (
    AccessDenied,
    AuditUnavailable,
    AwsRefused,
    AwsUnavailable,
    GatehouseError,
    InvalidRequest,
    SessionTooLong,
    SignInAgain,
)
from accounts.models import Account, AuditEvent, Mapping, PermissionSet, SignIn
from accounts.models.audit import Action
from accounts.types import Credentials, IssuedKeys, Named, OfferedRole, Scope, Subject
from tests import cast
from tests.emulators import ConsoleEndpoint, whose_keys

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DEV, PROD = "210987654321", "123456789012"


def take(
    subject: Subject, account_id: str = DEV, role_name: str = "Developer", **asked: Any
) -> IssuedKeys:
    return access.issue_keys(
        subject=subject,
        role=Named(account_id, role_name),
        origin=cast.ORIGIN,
        now=timezone.now(),
        **{"duration": None, **asked},
    )


def door_rows() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="access:"))


# --- who may not ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "account_id", "role_name"),
    [
        ("mallory", DEV, "Developer"),
        ("mallory", PROD, "Operator"),
        ("bob", DEV, "Developer"),  # somebody else's
        ("alice", PROD, "Operator"),
        ("alice", PROD, "Developer"),  # not in this account
        ("alice", "999999999999", "Developer"),  # unknown
        ("alice", DEV, "Nothing"),
        ("alice", "", ""),
        ("alice", DEV, "developer"),  # letter by letter
        ("alice", "2109876543\x0021", "Developer"),
        ("alice", DEV + "0" * 5000, "Developer" * 900),
        ("carol", DEV, "Developer"),  # running the portal gives no role
    ],
)
def test_role_that_is_not_given_is_denied_and_recorded_once(
    who: str, account_id: str, role_name: str
) -> None:
    with pytest.raises(AccessDenied) as denied:
        take(cast.as_subject(who), account_id, role_name)

    [row] = door_rows()
    assert denied.value.code == row.error_code == "access.denied"
    assert row.action == Action.KEYS_DENIED
    assert (row.sub, row.access_key_id) == (f"sub-{who}", "")


def test_role_in_an_account_that_is_not_active_is_denied() -> None:
    Account.objects.update(active=False)

    with pytest.raises(AccessDenied):
        take(cast.as_subject("alice"))


def test_mapping_that_ended_a_moment_ago_gives_nothing() -> None:
    alice = cast.as_subject("alice")
    Mapping.objects.update(expires_at=timezone.now())

    with pytest.raises(AccessDenied):
        take(alice)


def test_claims_a_caller_holds_on_to_count_for_nothing() -> None:
    alice = cast.as_subject("alice")
    SignIn.objects.update(claims={"groups": []})

    with pytest.raises(AccessDenied):
        take(alice)


@pytest.mark.parametrize("kind", ["ended", "expired", "blocked", "gone"])
def test_sign_in_that_is_over_is_refused_and_recorded(kind: str) -> None:
    alice = cast.as_subject("alice")
    row = SignIn.objects.get()
    match kind:
        case "ended":
            signins.end(sign_in=row, reason="test", origin=cast.ORIGIN, now=timezone.now())
        case "expired":
            SignIn.objects.update(expires_at=timezone.now())
        case "blocked":
            row.person.is_active = False
            row.person.save()
        case "gone":
            row.delete()

    with pytest.raises(SignInAgain):
        take(alice)

    [recorded] = door_rows()
    assert (recorded.action, recorded.error_code) == (Action.KEYS_DENIED, "signin.required")


def test_console_only_role_gives_no_keys_and_says_so() -> None:
    Mapping.objects.update(keys=False)

    with pytest.raises(AccessDenied, match="not given by") as denied:
        take(cast.as_subject("alice"))

    assert denied.value.code == "access.kind_denied"
    assert "the console only" in denied.value.user_message


def test_keys_only_role_gives_no_console_and_says_so() -> None:
    Mapping.objects.update(console=False)

    with pytest.raises(AccessDenied) as denied:
        enter(cast.as_subject("alice"))

    assert "keys only" in denied.value.user_message
    assert door_rows()[0].action == Action.CONSOLE_DENIED


def test_groups_that_were_cut_off_deny_with_the_reason() -> None:
    cut = cast.subject("alice", _claim_names={"groups": "src1"}, groups=[])

    with pytest.raises(AccessDenied) as denied:
        take(cast.as_subject(cut))

    assert denied.value.code == "claims.overage"
    assert "too many values" in denied.value.user_message


@pytest.mark.parametrize("duration", [1, 0, -5, 899, 3601, 999_999, 10**30])
def test_duration_out_of_bounds_is_refused_with_the_bounds(duration: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        take(cast.as_subject("alice"), duration=duration)

    assert "from 15 minutes to 1 hour" in refused.value.user_message
    [row] = door_rows()
    assert (row.action, row.error_code) == (Action.KEYS_DENIED, "request.duration")


def test_bounds_are_told_in_minutes_where_they_are_no_hours() -> None:
    PermissionSet.objects.update(session_duration=2700)

    with pytest.raises(InvalidRequest, match="2701") as refused:
        take(cast.as_subject("alice"), duration=2701)

    assert "from 15 minutes to 45 minutes" in refused.value.user_message


# --- who may -------------------------------------------------------------------------------------


def test_keys_are_those_of_the_role_in_the_persons_own_session(sts_endpoint: str) -> None:
    alice = cast.as_subject("alice")

    issued = take(alice)

    arn = whose_keys(
        sts_endpoint,
        access_key_id=issued.credentials.access_key_id,
        secret_access_key=issued.credentials.secret_access_key,
        session_token=issued.credentials.session_token,
    )
    assert arn == f"arn:aws:sts::{DEV}:assumed-role/Developer/{trust.session_name(alice)}"


def test_issued_keys_leave_a_row_that_says_everything_but_the_secret() -> None:
    alice = cast.as_subject("alice")

    issued = take(alice, duration=1800)

    [row] = door_rows()
    assert row.id == issued.audit_id
    assert row.action == Action.KEYS_ISSUED
    assert (row.issuer, row.sub, row.actor) == (cast.ISSUER, "sub-alice", "alice@northwind.example")
    assert (row.account_id, row.role_name) == (DEV, "Developer")
    assert row.role_arn == f"arn:aws:iam::{DEV}:role/gatehouse/Developer"
    assert row.reason == "Developers of payments: groups = payments"
    assert (row.duration, row.surface, row.ip) == (1800, "pages", "192.0.2.7")
    assert (row.user_agent, row.request_id) == ("pytest", "request-1")
    assert row.access_key_id == issued.credentials.access_key_id
    assert row.session_name == trust.session_name(alice)
    assert row.assumed_role_arn.endswith(f"/{row.session_name}")
    everything = repr(AuditEvent.objects.filter(pk=row.pk).values())
    assert issued.credentials.secret_access_key not in everything
    assert issued.credentials.session_token not in everything


def test_duration_nobody_chose_is_the_permission_sets() -> None:
    PermissionSet.objects.update(session_duration=2700)

    assert take(cast.as_subject("alice")).duration == 2700


def test_subject_without_a_sign_in_is_decided_by_its_own_claims() -> None:
    assert take(cast.subject("alice")).entitlement.role.role_name == "Developer"


# --- the record ----------------------------------------------------------------------------------


def test_nothing_is_released_when_the_row_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice = cast.as_subject("alice")

    def broken(**facts: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(audit, "record", broken)

    with pytest.raises(AuditUnavailable) as refused:
        take(alice)

    assert "nothing was issued" in refused.value.user_message
    assert "audit row not written" in caplog.text


def test_denial_that_cannot_be_recorded_is_still_no_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mallory = cast.as_subject("mallory")

    def broken(**facts: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(audit, "record", broken)

    with pytest.raises(AuditUnavailable):
        take(mallory)


def test_failure_nobody_foresaw_is_recorded_and_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**asked: Any) -> Credentials:
        raise ZeroDivisionError("secret text")

    monkeypatch.setattr(trust, "obtain", broken)

    with pytest.raises(ZeroDivisionError):
        take(cast.as_subject("alice"))

    [row] = door_rows()
    assert (row.action, row.error_code) == (Action.KEYS_FAILED, "internal")
    assert "secret text" not in row.reason


# --- AWS says no ---------------------------------------------------------------------------------


class Answers:
    """Stands in for AWS at the edge: raises or returns what the test says, in order."""

    def __init__(self, *answers: GatehouseError | Credentials) -> None:
        self.left = list(answers)
        self.durations: list[int] = []
        self.tags: list[Mappings[str, str]] = []

    def __call__(
        self, *, role: OfferedRole, session_name: str, duration: int, tags: Mappings[str, str]
    ) -> Credentials:
        self.durations.append(duration)
        self.tags.append(tags)
        answer = self.left.pop(0)
        if isinstance(answer, GatehouseError):
            raise answer
        return answer


KEYS = Credentials("ASIAEXAMPLE", "the secret", "the token", cast.NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    "error",
    [
        AwsRefused("AWS said no.", "AccessDenied: arn", code="aws.access_denied"),
        AwsUnavailable("AWS is busy.", "Throttling", code="aws.throttled"),
    ],
)
def test_refusal_of_aws_is_a_failure_and_not_a_denial(
    monkeypatch: pytest.MonkeyPatch, error: GatehouseError
) -> None:
    monkeypatch.setattr(trust, "obtain", Answers(error))

    with pytest.raises(type(error)):
        take(cast.as_subject("alice"))

    [row] = door_rows()
    assert (row.action, row.error_code, row.reason) == (
        Action.KEYS_FAILED,
        error.code,
        error.admin_message,
    )


def test_duration_somebody_chose_is_never_shortened_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = Answers(SessionTooLong("Choose 1 hour.", code="aws.chained_limit", allowed=3600))
    monkeypatch.setattr(trust, "obtain", aws)

    with pytest.raises(SessionTooLong):
        take(cast.as_subject("alice"), role_name="ReadOnly", duration=7200)

    assert aws.durations == [7200]


def test_duration_nobody_chose_falls_back_to_what_aws_gives_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = Answers(SessionTooLong("Choose 1 hour.", code="aws.chained_limit", allowed=3600), KEYS)
    monkeypatch.setattr(trust, "obtain", aws)

    issued = take(cast.as_subject("alice"), role_name="ReadOnly")

    assert aws.durations == [8 * 3600, 3600]
    assert issued.duration == door_rows()[0].duration == 3600
    assert "1 hour instead of 8 hours" in issued.shortened


@pytest.mark.parametrize("allowed", [None, 8 * 3600, 9 * 3600])
def test_fallback_that_would_not_be_shorter_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, allowed: int | None
) -> None:
    aws = Answers(SessionTooLong("No.", allowed=allowed))
    monkeypatch.setattr(trust, "obtain", aws)

    with pytest.raises(SessionTooLong):
        take(cast.as_subject("alice"), role_name="ReadOnly")

    assert len(aws.durations) == 1


# --- session tags --------------------------------------------------------------------------------

PROJECT = {"project": "Zahlungen"}


@pytest.mark.parametrize(
    ("allowed", "tags", "words"),
    [
        ([], PROJECT, "It takes none."),
        (["ticket"], PROJECT, "“project”. It takes ticket."),
        (["project"], {**PROJECT, "ticket": "PAY-7"}, "“ticket”. It takes project."),
        (["project"], {"Project": "payments"}, "“Project”"),
        ("project", PROJECT, "It takes none."),  # written past the forms
        ([7, None], PROJECT, "It takes none."),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["keys", "console"])
def test_session_tag_that_the_permission_set_does_not_name_is_refused_before_aws_is_asked(
    monkeypatch: pytest.MonkeyPatch, kind: str, allowed: Any, tags: dict[str, str], words: str
) -> None:
    PermissionSet.objects.filter(name="Developer").update(session_tags=allowed)
    monkeypatch.setattr(trust, "obtain", Answers())
    act = take if kind == "keys" else enter

    with pytest.raises(AccessDenied) as denied:
        act(cast.as_subject("alice"), tags=tags)

    [row] = door_rows()
    assert denied.value.code == row.error_code == "access.tag_denied"
    assert words in denied.value.user_message
    assert (row.action, row.detail["tags"]) == (f"access:{kind}:denied", tags)


@pytest.mark.parametrize(
    "asked",
    [
        {"account_id": "\x7f" * 100_000},
        {"role_name": "\x7f" * 100_000},
        {"tags": {f"{number} {'k' * 125}": "v" * 256 for number in range(50)}},
    ],
    ids=["account", "role", "tags"],
)
def test_somebody_without_the_role_fills_no_audit_trail(asked: dict[str, Any]) -> None:
    with pytest.raises(AccessDenied):
        take(cast.as_subject("mallory"), **asked)

    [row] = AuditEvent.objects.filter(action=Action.KEYS_DENIED).values()
    assert sum(len(str(value)) for value in row.values()) < 4000


def test_scope_of_a_token_fills_no_audit_trail() -> None:
    alice = replace(cast.as_subject("alice"), scope=Scope(account_ids=frozenset()))

    with pytest.raises(AccessDenied):
        take(alice, account_id="\x7f" * 100_000, role_name="\x7f" * 100_000)

    assert len(door_rows()[0].reason) < 4000


def test_region_that_there_is_not_fills_no_audit_trail() -> None:
    with pytest.raises(InvalidRequest):
        enter(cast.as_subject("alice"), region="x" * 100_000)

    assert len(door_rows()[0].reason) < 4000


def test_session_tags_of_a_role_that_is_not_given_say_nothing_of_its_own() -> None:
    PermissionSet.objects.update(session_tags=["project"])

    with pytest.raises(AccessDenied) as denied:
        take(cast.as_subject("mallory"), tags={"ticket": "PAY-7"})

    assert denied.value.code == "access.denied"
    assert "project" not in denied.value.user_message


def test_session_tags_that_aws_does_not_take_are_refused_and_not_repeated_in_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    PermissionSet.objects.update(session_tags=["project"])
    monkeypatch.setattr(trust, "obtain", Answers())

    with pytest.raises(InvalidRequest) as refused:
        take(cast.as_subject("alice"), tags={"project": "x" * 257})

    [row] = door_rows()
    assert refused.value.code == row.error_code == "request.tags"
    assert (row.action, row.detail) == (Action.KEYS_DENIED, {})


@pytest.mark.parametrize("kind", ["keys", "console"])
def test_session_tags_reach_aws_and_the_record(
    monkeypatch: pytest.MonkeyPatch,
    console_endpoint: ConsoleEndpoint,
    settings: LazySettings,
    kind: str,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    PermissionSet.objects.filter(name="ReadOnly").update(session_tags=["project", "ticket"])
    too_long = SessionTooLong("Choose 1 hour.", code="aws.chained_limit", allowed=3600)
    aws = Answers(too_long, KEYS)
    monkeypatch.setattr(trust, "obtain", aws)
    act = take if kind == "keys" else enter

    act(cast.as_subject("alice"), role_name="ReadOnly", tags=PROJECT)

    [row] = door_rows()
    assert aws.tags == [PROJECT, PROJECT]
    assert (row.action, row.detail["tags"]) == (f"access:{kind}:issued", PROJECT)


def test_record_without_session_tags_does_not_speak_of_them() -> None:
    take(cast.as_subject("alice"))

    assert door_rows()[0].detail == {}


# --- the console ---------------------------------------------------------------------------------


@pytest.fixture
def console(console_endpoint: ConsoleEndpoint, settings: LazySettings) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url


def enter(
    subject: Subject, destination: str = "", role_name: str = "Developer", **asked: Any
) -> str:
    return access.console_url(
        **{
            "subject": subject,
            "role": Named(DEV, role_name),
            "destination": destination,
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **asked,
        }
    ).url


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "http://console.aws.amazon.com/", "javascript:alert(1)"]
)
def test_destination_elsewhere_is_refused_before_aws_is_asked(
    elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "obtain", Answers())

    with pytest.raises(InvalidRequest):
        enter(cast.as_subject("alice"), elsewhere)

    [row] = door_rows()
    assert row.action == Action.CONSOLE_DENIED


def test_console_that_is_down_is_a_failure_that_names_the_key_aws_gave(
    settings: LazySettings,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = "http://127.0.0.1:9"

    with pytest.raises(AwsUnavailable):
        enter(cast.as_subject("alice"))

    [row] = door_rows()
    assert row.action == Action.CONSOLE_FAILED
    assert row.access_key_id.startswith("ASIA")


@pytest.mark.usefixtures("console")
def test_console_link_leads_to_the_destination_and_back_to_the_role(
    settings: LazySettings,
) -> None:
    page = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"

    url = enter(cast.as_subject("alice"), page)

    asked = parse_qs(urlsplit(url).query)
    assert asked["Action"] == ["login"]
    assert asked["Destination"] == [page]
    back = urlencode({"account_id": DEV, "role_name": "Developer", "destination": page})
    assert asked["Issuer"] == [f"{settings.BASE_URL}/console?{back}"]
    [row] = door_rows()
    assert row.action == Action.CONSOLE_ISSUED
    assert row.detail == {"destination": page}
    assert asked["SigninToken"][0] not in repr(AuditEvent.objects.values())


@pytest.mark.usefixtures("console")
def test_console_without_a_destination_lands_on_the_permission_sets_page(
    settings: LazySettings,
) -> None:
    page = "https://console.aws.amazon.com/billing/home"
    PermissionSet.objects.update(destination=page)

    asked = parse_qs(urlsplit(enter(cast.as_subject("alice"))).query)

    assert asked["Destination"] == [page]
    assert asked["Issuer"] == [f"{settings.BASE_URL}/console?account_id={DEV}&role_name=Developer"]


@pytest.mark.parametrize("region", ["cn-north-1", "nowhere", "us-gov-west-1"])
def test_region_of_another_partition_is_refused_before_aws_is_asked(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "obtain", Answers())

    with pytest.raises(InvalidRequest):
        enter(cast.as_subject("alice"), region=region)

    [row] = door_rows()
    assert (row.action, row.error_code) == (Action.CONSOLE_DENIED, "request.region")


@pytest.mark.usefixtures("console")
def test_console_opens_in_the_region_asked_for_and_comes_back_to_it() -> None:
    asked = parse_qs(urlsplit(enter(cast.as_subject("alice"), region="eu-north-1")).query)

    assert asked["Destination"] == ["https://console.aws.amazon.com/console/home?region=eu-north-1"]
    assert parse_qs(urlsplit(asked["Issuer"][0]).query)["destination"] == asked["Destination"]


@pytest.mark.usefixtures("console")
def test_nobody_is_signed_out_of_the_console_unless_they_asked_for_it(
    settings: LazySettings,
) -> None:
    subject = cast.as_subject("alice")

    assert "logout" not in enter(subject)
    assert enter(subject, sign_out_first=True).startswith(
        f"{settings.AWS_FEDERATION_ENDPOINT}/oauth?Action=logout&"
    )


# --- no connection is held ------------------------------------------------------------------------


class Pooled:
    """Stands in for a connection that is lent by a pool, outside of any transaction."""

    settings_dict = {"OPTIONS": {"pool": True}}
    in_atomic_block = False

    def __init__(self) -> None:
        self.given_back = 0

    def close(self) -> None:
        self.given_back += 1


def test_pooled_connection_is_given_back_before_aws_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pooled, given_back = Pooled(), []

    def slow(**asked: Any) -> Credentials:
        given_back.append(pooled.given_back)
        return KEYS

    monkeypatch.setattr(pool, "connection", pooled)
    monkeypatch.setattr(trust, "obtain", slow)

    take(cast.as_subject("alice"))

    assert given_back == [1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL has a pool: run with DATABASE_URL"
)
def test_no_database_connection_is_held_while_aws_is_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[bool] = []

    def slow(**asked: Any) -> Credentials:
        held.append(connection.connection is not None)
        return KEYS

    monkeypatch.setattr(trust, "obtain", slow)

    take(cast.as_subject("alice"))

    assert held == [False]
