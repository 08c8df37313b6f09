"""The one door: nothing is released that was not decided now, obtained from AWS and recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import access, audit, pool, signins, trust
from accounts.aws import sts
from accounts.aws.arn import RoleArn
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
from accounts.models import Account, AuditEvent, Block, Mapping, PermissionSet, SignIn
from accounts.models.audit import Action
from accounts.trust.session_names import session_name
from accounts.types import (
    ConsoleSignIn,
    Credentials,
    IssuedKeys,
    Kind,
    RoleRef,
    Scope,
    SessionRequest,
    Subject,
)
from tests import cast
from tests.emulators import ConsoleEndpoint, whose_keys

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DEV, PROD = "210987654321", "123456789012"
KEYS = Credentials("ASIAEXAMPLE", "the secret", "the token", cast.NOON + timedelta(hours=1))


def get_keys(
    subject: Subject, account_id: str = DEV, role_name: str = "Developer", **options: Any
) -> IssuedKeys:
    return access.issue_keys(
        **{
            "subject": subject,
            "role": RoleRef(account_id, role_name),
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **options,
        }
    )


def open_console(
    subject: Subject, destination: str = "", role_name: str = "Developer", **options: Any
) -> ConsoleSignIn:
    return access.console_url(
        **{
            "subject": subject,
            "role": RoleRef(DEV, role_name),
            "destination": destination,
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **options,
        }
    )


DOORS: dict[str, Callable[..., object]] = {"keys": get_keys, "console": open_console}


def attempts() -> list[AuditEvent]:
    """What the door has recorded, the latest first."""
    return list(AuditEvent.objects.filter(action__startswith="access."))


class Answers:
    """Stands in for AWS behind the door: raises or returns what the test says, in order."""

    def __init__(self, *answers: Exception | Credentials) -> None:
        self.left = list(answers)
        self.calls: list[SessionRequest] = []

    def __call__(self, request: SessionRequest) -> Credentials:
        self.calls.append(request)
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Answers nothing unless the test says what."""
    answers = Answers()
    monkeypatch.setattr(trust, "obtain", answers)
    return answers


# --- denied by the portal ---


def test_role_in_a_partition_without_a_hub_fails_before_aws_is_asked(
    settings: LazySettings,
) -> None:
    Account.objects.filter(account_id=DEV).update(partition="aws-cn")
    settings.AWS_HUB_PROFILES = {}

    for door in DOORS.values():
        with pytest.raises(AwsRefused, match="AWS_HUB_PROFILE_AWS_CN") as refused:
            door(cast.as_subject("alice"))

        assert refused.value.code == attempts()[0].error_code == "aws.partition_without_hub"
        assert not attempts()[0].aws_request_id


def test_role_that_is_not_given_is_denied_and_recorded_once(
    aws: Answers, subtests: pytest.Subtests
) -> None:
    cases = [
        ("mallory", DEV, "Developer"),
        ("bob", DEV, "Developer"),  # somebody else's
        ("alice", PROD, "Operator"),
        ("alice", PROD, "Developer"),  # not in this account
        ("alice", "999999999999", "Developer"),  # unknown
        ("alice", DEV, "Nothing"),
        ("alice", "", ""),
        ("alice", DEV, "developer"),  # letter by letter
        ("alice", "2109876543\x0021", "Developer"),
        ("carol", DEV, "Developer"),  # an admin of the portal
    ]
    for number, (who, account_id, role_name) in enumerate(cases):
        with subtests.test(who=who, account_id=account_id, role_name=role_name):
            with pytest.raises(AccessDenied, match="no mapping in force") as denied:
                get_keys(cast.as_subject(who), account_id, role_name)

            assert len(attempts()) == number + 1
            row = attempts()[0]
            assert denied.value.code == row.error_code == "access.denied"
            assert denied.value.user_message.startswith("You do not have this role")
            assert (row.action, row.sub) == (Action.KEYS_DENIED, f"sub-{who}")
    assert aws.calls == []


def test_role_by_an_arn_with_another_path_is_denied_and_says_where_to_look() -> None:
    arn = RoleArn(partition="aws", account_id=DEV, path="/", name="Developer")

    with pytest.raises(AccessDenied) as denied:
        get_keys(cast.as_subject("alice"), role=arn)

    assert "Check the ARN letter by letter" in denied.value.user_message
    assert attempts()[0].role_arn == f"arn:aws:iam::{DEV}:role/Developer"


def test_role_in_an_account_that_is_not_active_is_denied() -> None:
    Account.objects.update(active=False)

    with pytest.raises(AccessDenied):
        get_keys(cast.as_subject("alice"))


def test_mapping_that_ended_a_moment_ago_gives_nothing() -> None:
    alice = cast.as_subject("alice")
    Mapping.objects.update(expires_at=timezone.now())

    with pytest.raises(AccessDenied):
        get_keys(alice)


def test_claims_a_caller_holds_on_to_count_for_nothing() -> None:
    alice = cast.as_subject("alice")
    SignIn.objects.update(claims={"groups": []})

    with pytest.raises(AccessDenied):
        get_keys(alice)


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
            cast.block_everybody()
        case "gone":
            row.delete()

    with pytest.raises(SignInAgain):
        get_keys(alice)

    [recorded] = attempts()
    assert (recorded.action, recorded.error_code) == (Action.KEYS_DENIED, "signin.required")


def test_blocked_person_without_a_sign_in_is_refused_and_recorded() -> None:
    Block.objects.create(issuer=cast.ISSUER, sub="sub-alice", reason="left")

    with pytest.raises(SignInAgain):
        get_keys(cast.subject("alice"))

    [row] = attempts()
    assert (row.action, row.error_code) == (Action.KEYS_DENIED, "signin.blocked")


@pytest.mark.parametrize(("kind", "other"), [("keys", "the console"), ("console", "keys")])
def test_role_for_the_other_kind_only_is_denied_and_says_so(kind: str, other: str) -> None:
    Mapping.objects.update(**{kind: False})

    with pytest.raises(AccessDenied, match="not given by") as denied:
        DOORS[kind](cast.as_subject("alice"))

    assert denied.value.user_message == f"Developer in this account is for {other} only."
    [row] = attempts()
    assert (row.action, row.error_code) == (f"access.{kind}.denied", "access.kind_denied")


def test_groups_that_were_cut_off_deny_with_the_reason() -> None:
    cut = cast.subject("alice", _claim_names={"groups": "src1"}, groups=[])

    with pytest.raises(AccessDenied) as denied:
        get_keys(cast.as_subject(cut))

    assert denied.value.code == "claims.overage"
    assert "too many values" in denied.value.user_message


def test_duration_out_of_bounds_is_refused_with_the_bounds(subtests: pytest.Subtests) -> None:
    for longest, words in {3600: "1 hour", 2700: "45 minutes"}.items():
        PermissionSet.objects.update(session_duration=longest)
        for duration in (1, 0, -5, 899, longest + 1, 999_999, 10**30):
            with subtests.test(longest=longest, duration=duration):
                with pytest.raises(InvalidRequest) as refused:
                    get_keys(cast.as_subject("alice"), duration=duration)

                assert f"from 15 minutes to {words}" in refused.value.user_message
                row = attempts()[0]
                assert (row.action, row.error_code) == (Action.KEYS_DENIED, "request.duration")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"destination": "https://evil.example/"}, "request.destination"),
        ({"destination": "http://console.aws.amazon.com/"}, "request.destination"),
        ({"destination": "javascript:alert(1)"}, "request.destination"),
        ({"region": "cn-north-1"}, "request.region"),  # another partition's
        ({"region": "nowhere"}, "request.region"),
    ],
)
def test_console_elsewhere_is_refused_before_aws_is_asked(
    aws: Answers, options: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidRequest):
        open_console(cast.as_subject("alice"), **options)

    [row] = attempts()
    assert (row.action, row.error_code) == (Action.CONSOLE_DENIED, code)
    assert aws.calls == []


# --- the scope of a token ---


def within(scope: Scope, subject: Subject | None = None) -> Subject:
    return replace(subject or cast.subject("alice"), scope=scope)


def test_role_beyond_the_scope_is_denied_and_recorded(subtests: pytest.Subtests) -> None:
    scopes = [
        Scope(permission_sets=frozenset({"ReadOnly"})),
        Scope(permission_sets=frozenset()),
        Scope(permission_sets=frozenset({"developer"})),
        Scope(account_ids=frozenset({PROD})),
        Scope(account_ids=frozenset()),
        Scope(kinds=frozenset({Kind.CONSOLE})),
        Scope(kinds=frozenset()),
        Scope(account_ids=frozenset({PROD}), permission_sets=frozenset({"Developer"})),
    ]
    for scope in scopes:
        with subtests.test(scope=scope):
            with pytest.raises(AccessDenied) as denied:
                get_keys(within(scope))

            row = attempts()[0]
            assert denied.value.code == row.error_code == "access.scope"
            assert row.action == Action.KEYS_DENIED


def test_scope_adds_nothing_to_what_its_subject_may_do() -> None:
    wide = Scope(permission_sets=frozenset({"Operator"}), account_ids=frozenset({PROD}))

    with pytest.raises(AccessDenied) as denied:
        get_keys(within(wide), PROD, "Operator")

    assert denied.value.code == "access.denied"


def test_scope_for_the_console_adds_none_where_the_mapping_gives_keys_only() -> None:
    Mapping.objects.update(console=False)

    with pytest.raises(AccessDenied) as denied:
        open_console(within(Scope()))

    assert denied.value.code == "access.kind_denied"


def test_scope_of_a_subject_with_a_sign_in_is_kept_at_the_door() -> None:
    subject = within(Scope(account_ids=frozenset({PROD})), cast.as_subject("alice"))

    with pytest.raises(AccessDenied):
        get_keys(subject)


def test_role_within_the_scope_is_issued() -> None:
    scope = Scope(frozenset({"Developer"}), frozenset({DEV}), frozenset({Kind.KEYS}))

    assert get_keys(within(scope)).credentials.access_key_id


# --- session tags ---

PROJECT = {"project": "Zahlungen"}


@pytest.mark.parametrize("kind", DOORS)
def test_session_tag_that_the_permission_set_does_not_name_is_refused_before_aws_is_asked(
    aws: Answers, kind: str, subtests: pytest.Subtests
) -> None:
    cases: list[tuple[Any, dict[str, str], str]] = [
        ([], PROJECT, "It takes none."),
        (["ticket"], PROJECT, "“project”. It takes ticket."),
        (["project"], {**PROJECT, "ticket": "PAY-7"}, "“ticket”. It takes project."),
        (["project"], {"Project": "payments"}, "“Project”"),
        ("project", PROJECT, "It takes none."),  # written past the forms
        ([7, None], PROJECT, "It takes none."),
    ]
    for allowed, tags, words in cases:
        with subtests.test(allowed=allowed, tags=tags):
            PermissionSet.objects.filter(name="Developer").update(session_tags=allowed)

            with pytest.raises(AccessDenied) as denied:
                DOORS[kind](cast.as_subject("alice"), tags=tags)

            row = attempts()[0]
            assert denied.value.code == row.error_code == "access.tag_denied"
            assert words in denied.value.user_message
            assert (row.action, row.detail["tags"]) == (f"access.{kind}.denied", tags)
    assert aws.calls == []


def test_session_tags_of_a_role_that_is_not_given_say_nothing_of_its_own() -> None:
    PermissionSet.objects.update(session_tags=["project"])

    with pytest.raises(AccessDenied) as denied:
        get_keys(cast.as_subject("mallory"), tags={"ticket": "PAY-7"})

    assert denied.value.code == "access.denied"
    assert "project" not in denied.value.user_message


def test_session_tags_that_aws_does_not_take_are_refused_and_not_repeated_in_the_record() -> None:
    PermissionSet.objects.update(session_tags=["project"])

    with pytest.raises(InvalidRequest):
        get_keys(cast.as_subject("alice"), tags={"project": "x" * 257})

    [row] = attempts()
    assert (row.action, row.error_code) == (Action.KEYS_DENIED, "request.tags")
    assert set(row.detail) == {"sign_in"}


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.usefixtures("console")
def test_session_tags_reach_aws_and_the_record(aws: Answers, kind: str) -> None:
    PermissionSet.objects.filter(name="ReadOnly").update(session_tags=["project", "ticket"])
    aws.left = [SessionTooLong("Choose 1 hour.", allowed=3600), KEYS]

    DOORS[kind](cast.as_subject("alice"), role_name="ReadOnly", tags=PROJECT)

    [row] = attempts()
    assert [call.tags for call in aws.calls] == [PROJECT, PROJECT]
    assert (row.action, row.detail["tags"]) == (f"access.{kind}.issued", PROJECT)


# --- who it is at AWS, and less than one may ---


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.usefixtures("console")
def test_what_claims_say_of_a_person_reaches_aws_and_the_record(aws: Answers, kind: str) -> None:
    PermissionSet.objects.filter(name="Developer").update(
        session_name_claim="login",
        source_identity_claim="login",
        claim_tags={"groups": "groups"},
        transitive_tags=["groups"],
    )
    aws.left = [replace(KEYS, packed_policy_size=41, token_utilization=12)]

    DOORS[kind](cast.as_subject(cast.subject("alice", login="alice")))

    [request], [row] = aws.calls, attempts()
    assert request.tags == row.detail["tags"] == {"groups": ":payments:platform:"}
    assert list(request.transitive_tags) == row.detail["transitive_tags"] == ["groups"]
    assert request.session_name == request.source_identity == row.session_name
    assert row.detail["source_identity"] == request.source_identity
    assert row.session_name.startswith("alice-")
    assert (row.detail["packed_policy_size"], row.detail["token_utilization"]) == (41, 12)
    assert "session_policy" not in row.detail


@pytest.mark.parametrize("kind", DOORS)
def test_claims_that_aws_needs_and_that_did_not_come_are_a_recorded_denial(
    aws: Answers, kind: str
) -> None:
    PermissionSet.objects.filter(name="Developer").update(claim_tags={"team": "department"})

    with pytest.raises(AccessDenied, match="department") as denied:
        DOORS[kind](cast.as_subject("alice"))

    [row] = attempts()
    assert (row.action, row.error_code) == (f"access.{kind}.denied", "claims.missing")
    assert denied.value.recorded
    assert aws.calls == []


@pytest.mark.parametrize("kind", DOORS)
def test_read_only_is_refused_where_the_permission_set_does_not_offer_it(
    aws: Answers, kind: str
) -> None:
    with pytest.raises(AccessDenied):
        DOORS[kind](cast.as_subject("alice"), read_only=True)

    [row] = attempts()
    assert (row.action, row.error_code) == (f"access.{kind}.denied", "access.read_only_denied")
    assert row.detail["session_policy"] == "read-only"
    assert aws.calls == []


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.usefixtures("console")
def test_read_only_sessions_are_narrowed_each_time_aws_is_asked_and_recorded(
    aws: Answers, kind: str
) -> None:
    PermissionSet.objects.filter(name="Developer").update(
        read_only_policy_arns=["arn:{partition}:iam::aws:policy/ReadOnlyAccess"]
    )
    aws.left = [SessionTooLong("Choose 15 minutes.", allowed=900), KEYS, KEYS]

    DOORS[kind](cast.as_subject("alice"), read_only=True)
    DOORS[kind](cast.as_subject("alice"))

    read_only = ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert [call.policy_arns for call in aws.calls] == [read_only, read_only, ()]
    assert [row.detail for row in attempts()][1]["session_policy"] == "read-only"
    assert "session_policy" not in attempts()[0].detail


def test_session_policies_narrow_everybody_and_are_recorded(aws: Answers) -> None:
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    )
    PermissionSet.objects.filter(name="Developer").update(session_policy=policy)
    aws.left = [KEYS]

    get_keys(cast.as_subject("alice"))

    assert aws.calls[0].policy == policy
    assert attempts()[0].detail["session_policy"] == "permission set"


def test_admins_are_warned_in_the_log_before_a_session_becomes_too_large(
    aws: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    aws.left = [replace(KEYS, packed_policy_size=size) for size in (89, 90)]

    for _ in range(2):
        get_keys(cast.as_subject("alice"))

    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == [
        f"session tags and policies with arn:aws:iam::{DEV}:role/gatehouse/Developer take 90 % of AWS's "
        "packed size; at 100 % it refuses"
    ]


# --- the record ---


@pytest.mark.parametrize(
    "options",
    [
        {"account_id": "\x7f" * 100_000},
        {"role_name": "\x7f" * 100_000},
        {"tags": {f"{number} {'k' * 125}": "v" * 256 for number in range(50)}},
    ],
    ids=["account", "role", "tags"],
)
def test_somebody_without_the_role_fills_no_audit_trail(options: dict[str, Any]) -> None:
    with pytest.raises(AccessDenied):
        get_keys(cast.as_subject("mallory"), **options)

    [row] = AuditEvent.objects.filter(action=Action.KEYS_DENIED).values()
    assert sum(len(str(value)) for value in row.values()) < 4000


def test_scope_of_a_token_fills_no_audit_trail() -> None:
    alice = within(Scope(account_ids=frozenset()), cast.as_subject("alice"))

    with pytest.raises(AccessDenied):
        get_keys(alice, account_id="\x7f" * 100_000, role_name="\x7f" * 100_000)

    assert len(attempts()[0].reason) < 4000


def test_region_that_does_not_exist_fills_no_audit_trail() -> None:
    with pytest.raises(InvalidRequest):
        open_console(cast.as_subject("alice"), region="x" * 100_000)

    assert len(attempts()[0].reason) < 4000


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_nothing_is_released_when_the_row_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, who: str
) -> None:
    subject = cast.as_subject(who)

    def broken(**row: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(audit, "record", broken)

    with pytest.raises(AuditUnavailable) as refused:
        get_keys(subject)

    assert "nothing was issued" in refused.value.user_message
    assert "audit row not written" in caplog.text


def test_aws_is_not_asked_while_the_database_takes_no_rows(
    monkeypatch: pytest.MonkeyPatch, aws: Answers
) -> None:
    monkeypatch.setattr(access, "why_not_writable", lambda **believed: "read-only")

    for ask in (get_keys, open_console):
        with pytest.raises(AuditUnavailable):
            ask(cast.as_subject("alice"))

    assert aws.calls == []


def test_aws_is_not_asked_while_the_database_cannot_even_say_so(
    monkeypatch: pytest.MonkeyPatch, aws: Answers
) -> None:
    def gone(**believed: float) -> str:
        raise DatabaseError("the connection is gone")

    monkeypatch.setattr(access, "why_not_writable", gone)

    with pytest.raises(AuditUnavailable):
        get_keys(cast.as_subject("alice"))

    assert aws.calls == []


def test_issued_keys_leave_a_row_that_says_everything_but_the_secret() -> None:
    alice = cast.as_subject("alice")

    issued = get_keys(alice, duration=1800)

    [row] = attempts()
    assert row.id == issued.audit_id
    assert row.action == Action.KEYS_ISSUED
    assert (row.issuer, row.sub, row.actor) == (cast.ISSUER, "sub-alice", "alice@northwind.example")
    assert (row.account_id, row.role_name) == (DEV, "Developer")
    assert row.role_arn == f"arn:aws:iam::{DEV}:role/gatehouse/Developer"
    assert row.reason == "Developers of payments: groups = payments"
    assert (row.duration, row.surface, row.ip) == (1800, "pages", "192.0.2.7")
    assert (row.user_agent, row.request_id) == ("pytest", "request-1")
    assert row.access_key_id == issued.credentials.access_key_id
    assert row.session_name == issued.session_name == session_name(alice)
    assert row.assumed_role_arn.endswith(f"/{row.session_name}")
    assert row.aws_request_id == issued.credentials.request_id != ""
    sign_in = str(SignIn.objects.get().pk)
    assert row.detail == {"packed_policy_size": 6, "sign_in": sign_in}
    everything = repr(AuditEvent.objects.filter(pk=row.pk).values())
    assert issued.credentials.secret_access_key not in everything
    assert issued.credentials.session_token not in everything


# --- AWS ---


@pytest.mark.parametrize(
    "error",
    [
        AwsRefused("AWS said no.", "AccessDenied: arn", code="aws.access_denied"),
        AwsUnavailable("AWS is busy.", "Throttling", code="aws.throttled"),
    ],
)
def test_refusal_of_aws_is_a_failure_and_not_a_denial(aws: Answers, error: GatehouseError) -> None:
    aws.left = [error]

    with pytest.raises(type(error)):
        get_keys(cast.as_subject("alice"))

    [row] = attempts()
    assert (row.action, row.error_code, row.reason) == (
        Action.KEYS_FAILED,
        error.code,
        error.admin_message,
    )


def test_error_nobody_foresaw_is_recorded_and_passed_on(aws: Answers) -> None:
    aws.left = [ZeroDivisionError("secret text")]

    with pytest.raises(ZeroDivisionError):
        get_keys(cast.as_subject("alice"))

    [row] = attempts()
    assert (row.action, row.error_code) == (Action.KEYS_FAILED, "internal")
    assert "secret text" not in row.reason


def test_console_that_is_down_is_a_failure_that_names_the_key_aws_gave(
    settings: LazySettings,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = "http://127.0.0.1:9"

    with pytest.raises(AwsUnavailable):
        open_console(cast.as_subject("alice"))

    [row] = attempts()
    assert row.action == Action.CONSOLE_FAILED
    assert row.access_key_id.startswith("ASIA")


def test_duration_somebody_chose_is_never_shortened_silently(aws: Answers) -> None:
    aws.left = [SessionTooLong("Choose 1 hour.", code="aws.chained_limit", allowed=3600)]

    with pytest.raises(SessionTooLong):
        get_keys(cast.as_subject("alice"), role_name="ReadOnly", duration=7200)

    assert [call.duration for call in aws.calls] == [7200]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("aws.chained_limit", "AWS limits sessions to 1 hour here"),
        # The role's maximum may well be more than an hour.
        ("aws.duration_over_role_maximum", "does not say what this role's maximum is"),
    ],
)
def test_duration_nobody_chose_falls_back_to_what_aws_gives_and_says_so(
    aws: Answers, code: str, why: str
) -> None:
    aws.left = [SessionTooLong("No.", code=code, allowed=3600), KEYS]

    issued = get_keys(cast.as_subject("alice"), role_name="ReadOnly")

    assert [call.duration for call in aws.calls] == [8 * 3600, 3600]
    assert issued.duration == attempts()[0].duration == 3600
    assert "1 hour instead of 8 hours" in issued.shortened
    assert why in issued.shortened


@pytest.mark.parametrize("allowed", [None, 8 * 3600, 9 * 3600])
def test_fallback_that_would_not_be_shorter_is_not_tried(aws: Answers, allowed: int | None) -> None:
    aws.left = [SessionTooLong("No.", allowed=allowed)]

    with pytest.raises(SessionTooLong):
        get_keys(cast.as_subject("alice"), role_name="ReadOnly")

    assert len(aws.calls) == 1


def test_keys_are_those_of_the_role_in_the_persons_own_session(sts_endpoint: str) -> None:
    PermissionSet.objects.update(session_duration=2700)
    alice = cast.as_subject("alice")

    issued = get_keys(alice)

    arn = whose_keys(
        sts_endpoint,
        access_key_id=issued.credentials.access_key_id,
        secret_access_key=issued.credentials.secret_access_key,
        session_token=issued.credentials.session_token,
    )
    assert arn == f"arn:aws:sts::{DEV}:assumed-role/Developer/{session_name(alice)}"
    assert (issued.duration, issued.shortened) == (2700, "")


def test_each_account_is_asked_with_its_own_external_id(monkeypatch: pytest.MonkeyPatch) -> None:
    external_ids = []

    def assume_role(*, external_id: str, **rest: Any) -> Credentials:
        external_ids.append(external_id)
        return KEYS

    monkeypatch.setattr(sts, "assume_role", assume_role)
    for external_id in ("of-this-account", "of-another"):
        Account.objects.filter(account_id=DEV).update(external_id=external_id)
        get_keys(cast.as_subject("alice"))

    assert external_ids == ["of-this-account", "of-another"]


def test_person_whom_the_portal_has_not_seen_gets_what_the_claims_give() -> None:
    issued = get_keys(cast.subject("alice"))

    assert issued.entitlement.role.role_name == "Developer"
    assert attempts()[0].sub == "sub-alice"


# --- the console ---


@pytest.fixture
def console(console_endpoint: ConsoleEndpoint, settings: LazySettings) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.mark.usefixtures("console")
def test_console_link_leads_to_the_destination_and_back_to_the_role(
    settings: LazySettings,
) -> None:
    page = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"

    query = query_of(open_console(cast.as_subject("alice"), page).url)

    assert (query["Action"], query["Destination"]) == ("login", page)
    back = urlencode({"account_id": DEV, "role_name": "Developer", "destination": page})
    assert query["Issuer"] == f"{settings.BASE_URL}/console?{back}"
    [row] = attempts()
    assert (row.action, row.detail["destination"]) == (Action.CONSOLE_ISSUED, page)
    assert query["SigninToken"] not in repr(AuditEvent.objects.values())


@pytest.mark.usefixtures("console")
def test_console_without_a_destination_lands_on_the_permission_sets_page(
    settings: LazySettings,
) -> None:
    page = "https://console.aws.amazon.com/billing/home?region=eu-west-3"
    PermissionSet.objects.update(destination=page)

    query = query_of(open_console(cast.as_subject("alice")).url)

    assert query["Destination"] == page
    assert query["Issuer"] == f"{settings.BASE_URL}/console?account_id={DEV}&role_name=Developer"


@pytest.mark.usefixtures("console")
def test_console_opens_in_the_requested_region_and_comes_back_to_it() -> None:
    query = query_of(open_console(cast.as_subject("alice"), region="eu-north-1").url)

    assert query["Destination"] == "https://console.aws.amazon.com/console/home?region=eu-north-1"
    assert query_of(query["Issuer"])["destination"] == query["Destination"]


@pytest.mark.usefixtures("console")
def test_nobody_is_signed_out_of_the_console_unless_they_asked_for_it(
    settings: LazySettings,
) -> None:
    subject = cast.as_subject("alice")

    assert "logout" not in open_console(subject).url
    assert open_console(subject, sign_out_first=True).url.startswith(
        f"{settings.AWS_FEDERATION_ENDPOINT}/oauth?Action=logout&"
    )


# --- no connection is held ---


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

    def slow(request: SessionRequest) -> Credentials:
        given_back.append(pooled.given_back)
        return KEYS

    monkeypatch.setattr(pool, "connection", pooled)
    monkeypatch.setattr(trust, "obtain", slow)

    get_keys(cast.as_subject("alice"))

    assert given_back == [1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL has a pool: run with DATABASE_URL"
)
def test_no_database_connection_is_held_while_aws_is_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[bool] = []

    def slow(request: SessionRequest) -> Credentials:
        held.append(connection.connection is not None)
        return KEYS

    monkeypatch.setattr(trust, "obtain", slow)

    get_keys(cast.as_subject("alice"))

    assert held == [False]
