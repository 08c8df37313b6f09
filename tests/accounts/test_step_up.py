"""What a role asks of a sign-in, and what the provider has to say for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts import step_up
from accounts.step_up import NO_MFA, TOO_LONG_AGO, StepUpRequired
from accounts.types import OfferedRole, Subject
from tests.accounts.strategies import READ_ONLY

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ALICE = Subject("https://id.example", "sub-alice", amr=("pwd", "mfa"), auth_time=NOW)


def refusal(subject: Subject, **asked: Any) -> str:
    role: OfferedRole = replace(READ_ONLY, **asked)
    try:
        step_up.require(role=role, subject=subject, now=NOW)
    except StepUpRequired as refused:
        return refused.code
    return ""


@pytest.mark.parametrize(
    "subject",
    [
        replace(ALICE, amr=("pwd",)),
        replace(ALICE, amr=()),
        replace(ALICE, amr=(), acr="silver"),
        replace(ALICE, amr=(), acr=""),
        # No person signs in where a program asks.
        replace(ALICE, workload=True),
    ],
)
def test_what_does_not_tell_of_a_second_factor_had_none(subject: Subject, settings: Any) -> None:
    settings.MFA_ACR_VALUES = ["gold"]

    assert refusal(subject, requires_mfa=True) == NO_MFA
    assert refusal(subject) == ""


@pytest.mark.parametrize("told", [{"amr": ("mfa",)}, {"amr": (), "acr": "gold"}])
def test_a_second_factor_is_what_the_settings_name(told: dict[str, Any], settings: Any) -> None:
    settings.MFA_ACR_VALUES = ["gold"]

    assert refusal(replace(ALICE, **told), requires_mfa=True) == ""


@pytest.mark.parametrize(
    "at", [None, NOW - timedelta(seconds=901), NOW + timedelta(seconds=31), "of a program"]
)
def test_a_sign_in_that_is_not_known_to_be_recent_is_refused(at: Any) -> None:
    subject = (
        replace(ALICE, workload=True) if at == "of a program" else replace(ALICE, auth_time=at)
    )

    assert refusal(subject, max_sign_in_age=900) == TOO_LONG_AGO
    assert refusal(subject) == ""


def test_a_sign_in_within_the_time_is_enough() -> None:
    for seconds in (0, 900):
        at = NOW - timedelta(seconds=seconds)
        assert refusal(replace(ALICE, auth_time=at), max_sign_in_age=900) == ""


def test_a_token_of_the_portal_had_no_second_factor() -> None:
    subject = replace(ALICE, token_id=uuid4())

    assert not step_up.had_second_factor(subject)
    assert step_up.had_second_factor(replace(subject, token_id=None))
