"""Who used it when, by the audit trail."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts import audit
from accounts.explanations import Question
from accounts.explanations.uses import DAYS, Use, latest_uses, uses_of
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

PROD = "123456789012"
NOW = cast.NOON + timedelta(days=1)


def used(
    who: str, role_name: str, *, at: datetime = cast.NOON, action: Action = Action.KEYS_ISSUED
) -> None:
    audit.record(
        action=action,
        now=at,
        origin=cast.ORIGIN,
        subject=cast.subject(who),
        account_id=PROD,
        role_name=role_name,
    )


def test_only_what_was_issued_of_what_is_asked_counts() -> None:
    later = cast.NOON + timedelta(hours=1)
    used("bob", "Operator")
    used("bob", "Operator", at=later, action=Action.CONSOLE_ISSUED)
    used("bob", "ReadOnly", at=later)
    used("mallory", "Operator", action=Action.KEYS_DENIED)
    people = [(cast.ISSUER, "sub-bob"), (cast.ISSUER, "sub-mallory")]

    for question in (
        Question(role_name="Operator"),
        Question(privileged=True),
        Question(role_name="Operator", account_id=PROD, environment="production"),
    ):
        assert uses_of(people, question) == {people[0]: Use(2, later)}
        assert [event.at for event in latest_uses(question, now=NOW)] == [later, cast.NOON]
    assert latest_uses(Question(role_name="Operator"), now=NOW)[0].account_name == "payments-prod"  # type: ignore[attr-defined]
    for question in (Question(environment="development"), Question(role_name="\x00")):
        assert not uses_of(people, question)
        assert not latest_uses(question, now=NOW)
    assert not uses_of([], Question(privileged=True))
    assert not latest_uses(Question(privileged=True), now=NOW + timedelta(days=DAYS))
