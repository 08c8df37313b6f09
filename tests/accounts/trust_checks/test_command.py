"""`manage.py check_trust`: a line for each role as it goes, and a status that scripts can rely on."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.aws import errors
from accounts.models import Account, AuditEvent, TrustCheck
from accounts.models.audit import Action
from tests.accounts.trust_checks.answers import Answers

pytestmark = pytest.mark.usefixtures("northwind")

DEV = "210987654321"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def run(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("check_trust", *arguments, stdout=out, **options)
    return out.getvalue()


def test_all_roles_of_active_accounts_are_tested_with_a_line_each(aws: Answers) -> None:
    Account.objects.exclude(account_id=DEV).update(active=False)

    lines = run().splitlines()

    assert lines == [
        f"[1/2] {DEV} Developer: works",
        f"[2/2] {DEV} ReadOnly: works",
        "2 of 2 roles work, 0 are broken, 0 could not be tested.",
    ]
    assert TrustCheck.objects.count() == 2
    assert AuditEvent.objects.filter(action=Action.ROLE_TESTED, surface="command").count() == 2


def test_a_role_that_is_broken_or_unknown_makes_it_fail_after_all_were_tested(
    aws: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.errors["Developer"] = errors.DENIED.error("not authorized")
    aws.errors["Operator"] = errors.TIMEOUT.error()
    out = io.StringIO()

    with pytest.raises(CommandError) as failed:
        call_command("check_trust", stdout=out)

    assert str(failed.value) == "2 of 4 roles work, 1 are broken, 1 could not be tested."
    assert f"[1/4] {DEV} Developer: broken trust.denied\n    AWS refuses and" in out.getvalue()
    assert "Operator: unknown aws.timeout" in out.getvalue()


def test_accounts_and_one_role_can_be_chosen(aws: Answers) -> None:
    assert "[1/1] 123456789012 ReadOnly: works" in run("1234-5678-9012", "--role", "ReadOnly")

    for arguments in (("999999999999",), ("--role", "Nobody"), (DEV, "--role", "Operator")):
        with pytest.raises(CommandError, match="nothing was tested"):
            run(*arguments)
