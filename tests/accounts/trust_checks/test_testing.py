"""Who may test roles, what is recorded and kept, and that people's calls go on meanwhile."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.utils import timezone

from accounts import access
from accounts.aws import errors
from accounts.errors import (
    AccessDenied,
    AuditUnavailable,
    AwsRefused,
    InvalidRequest,
)
from accounts.models import Account, AccountRole, AuditEvent, PermissionSet, TrustCheck
from accounts.models.audit import Action
from accounts.models.trust_checks import CheckOutcome
from accounts.trust_checks import MOST, CheckedRole, check_roles, role_ids, testing
from accounts.types import Origin, RoleRef, Scope, SessionRequest, Subject, Surface
from tests import cast
from tests.accounts.trust_checks.answers import Answers

pytestmark = pytest.mark.usefixtures("northwind")

DEV, PROD = "210987654321", "123456789012"
ADMIN = Origin(surface=Surface.ADMIN, request_id="request-1")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def check(
    *names: str, account_id: str = DEV, subject: Subject | None = None, **options: Any
) -> list[CheckedRole]:
    roles = AccountRole.objects.filter(account__account_id=account_id)
    if names:
        roles = roles.filter(permission_set__name__in=names)
    return check_roles(
        list(roles.values_list("pk", flat=True)),
        subject=subject or cast.as_subject("carol"),
        **{"origin": ADMIN, **options},
    )


def kept(name: str = "Developer") -> TrustCheck:
    return TrustCheck.objects.get(
        account_role__permission_set__name=name, account_role__account__account_id=DEV
    )


# --- who may


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_nobody_but_portal_admins_tests_roles(aws: Answers, who: str) -> None:
    with pytest.raises(AccessDenied) as denied:
        check(subject=cast.as_subject(who))

    assert denied.value.code == "access.not_allowed"
    assert not aws.asked
    assert not TrustCheck.objects.exists()


def machine(**scope: Any) -> Subject:
    return Subject(
        issuer="https://aws.example",
        sub="token:deploy",
        claims={"groups": ["portal-admins"]},
        workload=True,
        token_id=cast.sign_in("carol").id,
        scope=Scope(**scope),
    )


def test_a_machine_tests_roles_where_its_token_says_so_and_only_those_it_covers(
    aws: Answers,
) -> None:
    for scope in (Scope(), Scope(directory=True, audit=True)):
        with pytest.raises(AccessDenied):
            check(subject=machine(directory=scope.directory, audit=scope.audit))
    assert not aws.asked

    tested = check(
        subject=machine(testing=True, permission_sets=frozenset({"ReadOnly"})),
    )

    assert [one.role.role_name for one in tested] == ["ReadOnly"]


def test_the_operator_tests_roles_by_command(aws: Answers) -> None:
    nobody = Subject(issuer="", sub="root", name="root")

    (tested,) = check("Developer", subject=nobody, origin=Origin(surface=Surface.COMMAND))

    assert tested.works
    assert kept().tested_by == "root"


@pytest.mark.parametrize("method", ["switch-role", "user-token"])
def test_a_role_that_only_people_can_try_is_not_called_broken(aws: Answers, method: str) -> None:
    Account.objects.update(trust_method=method)
    nobody = Subject(issuer="", sub="root", name="root")

    (tested,) = check("Developer", subject=nobody, origin=Origin(surface=Surface.COMMAND))

    assert tested.finding.outcome is CheckOutcome.UNKNOWN
    assert tested.finding.code in ("trust.no_keys", "trust.needs_a_person")
    assert not aws.asked


def test_the_sign_in_of_the_admin_is_what_a_role_for_people_is_tested_with(aws: Answers) -> None:
    Account.objects.update(trust_method="user-token")
    carol = cast.as_subject("carol")

    (tested,) = check("Developer", subject=carol)

    assert tested.works
    assert {request.subject.sign_in_id for request in aws.asked} == {carol.sign_in_id}
    assert {request.origin for request in aws.asked} == {ADMIN}


# --- what is recorded and kept


def test_a_test_leaves_a_row_and_a_result_and_no_secret(aws: Answers) -> None:
    aws.errors["Developer"] = errors.DENIED.error("AssumeRole: AccessDenied (HTTP 403)")

    (tested,) = check("Developer")

    row = AuditEvent.objects.get(action=Action.ROLE_TESTED)
    assert (row.account_id, row.role_name, row.actor) == (
        DEV,
        "Developer",
        "carol@northwind.example",
    )
    assert (row.error_code, row.detail["outcome"]) == ("trust.denied", "broken")
    assert row.reason == tested.finding.message == kept().message
    assert (kept().outcome, kept().tested_by) == ("broken", "carol@northwind.example")


def test_the_result_holds_no_keys(aws: Answers) -> None:
    tested = check("Developer")

    assert tested[0].works
    for text in (repr(tested), str(AuditEvent.objects.values()), str(TrustCheck.objects.values())):
        assert "the-secret-part" not in text
    keys = AuditEvent.objects.get(action=Action.ROLE_TESTED).detail["access_key_ids"]
    assert len(keys) == len(aws.asked)


def test_nothing_is_asked_of_aws_that_cannot_be_recorded(
    aws: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "why_not_writable", lambda: "read-only")

    with pytest.raises(AuditUnavailable):
        check("Developer")

    assert not aws.asked


def test_every_session_of_a_test_may_do_nothing_or_read_the_role(aws: Answers) -> None:
    check("Developer")

    assert len(aws.asked) > 1
    for request in aws.asked:
        denies = '{"Effect":"Deny","Action":"*","Resource":"*"}' in request.policy
        reads = '"Statement":[{"Effect":"Allow","Action":"iam:GetRole"' in request.policy
        assert denies != reads
        assert request.duration == 900


@pytest.mark.parametrize("first", ["works", "broken"])
def test_a_test_that_could_not_find_out_changes_nothing_that_one_found(
    aws: Answers, first: str
) -> None:
    aws.errors["Developer"] = errors.TIMEOUT.error()
    check("Developer")
    assert (kept().outcome, kept().code) == ("unknown", "aws.timeout")
    TrustCheck.objects.update(outcome=first, code="x")

    (tested,) = check("Developer")

    assert tested.finding.outcome is CheckOutcome.UNKNOWN
    assert (kept().outcome, kept().code) == (first, "x")


def test_what_is_wrong_with_the_portal_is_not_held_against_a_role(aws: Answers) -> None:
    for error in (
        errors.HUB.error(),
        errors.CLOCK.error(),
        errors.NO_REGION.error(),
        AwsRefused("x", code="aws.partition_without_hub"),
        AwsRefused("x", code="signing.no_key"),
    ):
        aws.errors["Developer"] = error

        (tested,) = check("Developer")

        assert tested.finding.outcome is CheckOutcome.UNKNOWN, error.code
        assert tested.finding.message.startswith("The portal itself is not set up"), error.code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (
            "because no identity-based policy allows the sts:AssumeRole action",
            "trust.portal_policy",
        ),
        ("with an explicit deny in a service control policy", "trust.organization_policy"),
        ("with an explicit deny in the role trust policy", "trust.policy"),
        ("not authorized", "trust.denied"),
    ],
)
def test_aws_is_taken_at_its_word_where_it_says_which_policy_refuses(
    aws: Answers, said: str, code: str
) -> None:
    aws.errors["Developer"] = errors.DENIED.error(f"AssumeRole: AccessDenied (HTTP 403): {said}")

    (tested,) = check("Developer")

    assert tested.finding.code == code
    assert said in tested.finding.message


def test_a_region_that_is_switched_off_is_said(aws: Answers) -> None:
    aws.errors["Developer"] = errors.BY_CODE["RegionDisabled"].error("RegionDisabledException")

    (tested,) = check("Developer")

    assert (tested.finding.outcome, tested.finding.code) == (
        CheckOutcome.BROKEN,
        "trust.region_disabled",
    )


def test_keys_that_do_not_work_are_told_from_a_region_where_they_do_not(aws: Answers) -> None:
    Account.objects.update(region="ap-east-1")
    invalid = errors.HUB.error("InvalidClientTokenId")
    for regions, outcome, code, warnings in (
        (["ap-east-1"], CheckOutcome.WORKS, "", 1),
        (["ap-east-1", "us-east-1"], CheckOutcome.BROKEN, "trust.keys_refused", 0),
    ):
        aws.refusing_regions = dict.fromkeys(regions, invalid)

        found = check("Developer")[0].finding

        assert (found.outcome, found.code, len(found.warnings)) == (outcome, code, warnings)
    aws.refusing_regions = {"ap-east-1": errors.TIMEOUT.error()}
    assert check("Developer")[0].finding.code == "aws.timeout"


def test_keys_of_somebody_else_are_not_taken_for_the_roles(aws: Answers) -> None:
    aws.whose = f"arn:aws:sts::{PROD}:assumed-role/Developer/carol"

    found = check("Developer")[0].finding

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, "trust.other_identity")


def test_a_defect_after_keys_were_given_is_recorded_with_them(
    aws: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: Any) -> None:
        raise KeyError("planted")

    monkeypatch.setattr("accounts.trust_checks.trials._is_session_of", defect)

    found = check()

    assert {one.finding.code for one in found} == {"internal"}
    rows = AuditEvent.objects.filter(action=Action.ROLE_TESTED)
    assert rows.count() == 2
    assert all(row.access_key_id for row in rows)
    assert "planted" not in str(rows.values())


def test_the_longest_session_is_tried_where_the_role_cannot_be_read(aws: Answers) -> None:
    PermissionSet.objects.update(session_duration=8 * 3600)

    def refuse_long(request: SessionRequest) -> None:
        if request.duration > 3600:
            raise errors.OVER_MAXIMUM.error()

    fits = check("Developer")[0].finding
    aws.on_ask = refuse_long
    too_long = check("Developer")[0].finding

    assert (fits.warnings, len(too_long.warnings)) == ((), 1)
    assert "the role allows 1 hour at most" in too_long.warnings[0]


def test_a_permission_set_whose_session_cannot_be_asked_for_is_broken(aws: Answers) -> None:
    Account.objects.update(trust_method="user-token")
    PermissionSet.objects.update(claim_tags={"team": "team"})

    found = check("Developer", subject=cast.as_subject(cast.subject("carol", team="x")))[0].finding

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, "trust.session_rules")
    assert not aws.asked


def test_a_session_policy_that_was_stored_past_the_checks_is_said(aws: Answers) -> None:
    PermissionSet.objects.update(session_policy="{")

    found = check("Developer")[0].finding

    assert found.outcome is CheckOutcome.BROKEN
    assert not aws.asked


def test_a_role_that_was_deleted_meanwhile_is_recorded_and_not_kept(aws: Answers) -> None:
    aws.on_ask = lambda request: AccountRole.objects.filter(pk=request.role.id).delete()

    (tested,) = check("Developer")

    assert tested.works
    assert not TrustCheck.objects.exists()
    assert AuditEvent.objects.filter(action=Action.ROLE_TESTED).count() == 1


# --- keys that people get afterwards


def issue(aws: Answers) -> None:
    access.issue_keys(
        subject=cast.as_subject("alice"),
        role=RoleRef(DEV, "Developer"),
        duration=None,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )


def test_keys_that_somebody_gets_clear_a_failed_test_and_nothing_else(aws: Answers) -> None:
    aws.errors["Developer"] = errors.DENIED.error()
    check("Developer")
    with pytest.raises(AwsRefused):
        issue(aws)
    assert kept().outcome == "broken"
    aws.errors.clear()

    issue(aws)

    assert (kept().outcome, kept().code) == ("works", "")
    before = kept().tested_at
    issue(aws)
    assert kept().tested_at == before


def test_keys_are_released_though_the_mark_cannot_be_cleared(
    aws: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    def down(*_: Any, **__: Any) -> None:
        raise DatabaseError("down")

    aws.errors["Developer"] = errors.DENIED.error()
    check("Developer")
    aws.errors.clear()
    monkeypatch.setattr(TrustCheck.objects, "filter", down)

    issue(aws)


# --- several at once


def test_several_roles_are_tested_at_once_but_not_more_than_so_many(
    aws: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = cast.account("big", "111111111111")
    for number in range(12):
        cast.offer(where, cast.permission_set(f"Role{number:02}"))
    lock, inside, most = threading.Lock(), set[int](), 0
    several = threading.Event()

    def count(request: SessionRequest) -> None:
        nonlocal most
        with lock:
            inside.add(request.role.id)
            most = max(most, len(inside))
            if len(inside) > 1:
                several.set()
        several.wait(5)
        with lock:
            inside.discard(request.role.id)

    aws.on_ask = count

    tested = check(account_id="111111111111")

    assert [one.role.role_name for one in tested] == [f"Role{number:02}" for number in range(12)]
    assert all(one.works for one in tested)
    assert 1 < most <= testing.AT_ONCE
    assert TrustCheck.objects.count() == 12


def test_a_request_begins_with_no_further_role_when_its_time_is_over(
    aws: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "_CHUNK", 1)
    accounts = [cast.account(f"a{number}", f"33333333333{number}") for number in range(3)]
    for where in accounts:
        cast.offer(where, cast.permission_set(f"In{where.name}"))
    ids = role_ids(account_ids=[where.account_id for where in accounts])
    aws.on_ask = lambda request: time.sleep(0.2)

    tested = check_roles(ids, subject=cast.as_subject("carol"), origin=ADMIN, patience=0.1)

    assert [one.at is not None for one in tested] == [True, False, False]
    assert [one.finding.code for one in tested] == ["", "trust.not_tested", "trust.not_tested"]
    assert TrustCheck.objects.count() == 1


def test_a_request_for_too_many_roles_tests_none(aws: Answers) -> None:
    where = cast.account("big", "111111111111")
    for number in range(MOST + 1):
        cast.offer(where, cast.permission_set(f"Role{number:02}"))

    with pytest.raises(InvalidRequest):
        check(account_id="111111111111")
    assert not aws.asked

    assert len(check(account_id="111111111111", patience=None)) == MOST + 1


def test_roles_of_an_account_that_is_not_active_yet_are_tested_when_it_is_named(
    aws: Answers,
) -> None:
    role = AccountRole.objects.get(account__account_id=DEV, permission_set__name="Developer")
    role.account.active = False
    role.account.save()

    assert role.pk not in role_ids()
    assert role.pk in role_ids(account_ids=["2109-8765-4321"])
    assert check("Developer")[0].works


@pytest.mark.parametrize(
    "named",
    [
        {"account_ids": ["999999999999"]},
        {"account_ids": [DEV, "999999999999"]},
        {"account_ids": [DEV], "role_name": "Operator"},
        {"role_name": "Nobody"},
        {"role_name": "\x00"},
    ],
)
def test_a_role_that_is_not_there_is_not_passed_over(named: Any) -> None:
    with pytest.raises(InvalidRequest):
        role_ids(**named)
