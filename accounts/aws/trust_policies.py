"""Judge the trust policy of an existing role: does it let the portal in, and whom else.

A trust policy is read as AWS reads it, as far as its operators and keys are known here; what is not is "unknown"
and never guessed: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accounts.aws import policy_conditions
from accounts.aws.policy_conditions import Test, is_provider_key, tests_of
from accounts.aws.policy_statements import Statement, Unreadable, statements_of

TAG_SESSION, SET_SOURCE_IDENTITY = "sts:TagSession", "sts:SetSourceIdentity"
_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


class Verdict(StrEnum):
    """Whether a trust policy lets the portal in."""

    FITS = "fits"
    REFUSES = "refuses"
    UNKNOWN = "unknown"


_WORST_FIRST = (Verdict.REFUSES, Verdict.UNKNOWN, Verdict.FITS)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say of a policy: a code that stays, and a sentence for admins."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """`faults` say why it refuses or is unknown, `dangers` whom it lets in beside the portal."""

    verdict: Verdict
    faults: tuple[Remark, ...] = ()
    dangers: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """The portal as AWS sees it when it asks for a session.

    `kind` is AWS or Federated; `principal` its ARN, or that of the OIDC provider. The first of `actions`
    opens the session. `context` has the values of the condition keys that are known.
    """

    kind: str
    principal: str
    actions: tuple[str, ...]
    context: Mapping[str, str] = field(default_factory=dict)


def judge(policy: Any, caller: Caller) -> Judgement:
    """Judge a trust policy, as `iam:GetRole` returns it, for this caller."""
    try:
        statements = statements_of(policy)
    except Unreadable as error:
        return Judgement(Verdict.UNKNOWN, (Remark("policy", f"The trust policy {error}."),))
    dangers = tuple(
        dict.fromkeys(danger for one in statements if one.allows for danger in _dangers(one))
    )
    found = []
    for action in caller.actions:
        found.append(_of_action(statements, action, caller))
        # Who may not open a session need not be told what its tags would need.
        if found[-1][0] is not Verdict.FITS and action == caller.actions[0]:
            break
    verdicts = {verdict for verdict, _ in found}
    verdict = next(each for each in _WORST_FIRST if each in verdicts)
    faults = (fault for reached, why in found if reached is verdict for fault in why)
    return Judgement(verdict, tuple(dict.fromkeys(faults)), dangers)


def _of_action(
    statements: tuple[Statement, ...], action: str, caller: Caller
) -> tuple[Verdict, tuple[Remark, ...]]:
    """Return whether the caller may do this, and why not."""
    named = [
        (one, one.covers(action=action, kind=caller.kind, principal=caller.principal))
        for one in statements
    ]
    held = [
        (one, _all_hold(covered, one, caller)) for one, covered in named if covered is not False
    ]
    if denying := [one for one, holds in held if not one.allows and holds is True]:
        return Verdict.REFUSES, (
            Remark("deny", f"A statement with Deny refuses {action}{denying[0].called}."),
        )
    unclear = [one for one, holds in held if holds is None]
    if any(one.allows and holds for one, holds in held) and all(one.allows for one in unclear):
        return Verdict.FITS, ()
    if unclear:
        return Verdict.UNKNOWN, tuple(_unclear(one, caller) for one in unclear)
    return Verdict.REFUSES, tuple(_why_not(statements, action, caller))


def _all_hold(covered: bool | None, statement: Statement, caller: Caller) -> bool | None:
    results = {covered, *(test.holds(caller.context) for test in tests_of(statement.condition))}
    return False if False in results else None if None in results else True


def _unclear(statement: Statement, caller: Caller) -> Remark:
    unknown = [
        f"{test.operator} on {test.key}"
        for test in tests_of(statement.condition)
        if test.holds(caller.context) is None
    ]
    what = ", ".join(unknown) if unknown else "its principal or its actions"
    return Remark(
        "not_understood",
        f"Whether a statement{statement.called} holds depends on {what}, which cannot be judged here.",
    )


def _why_not(statements: tuple[Statement, ...], action: str, caller: Caller) -> list[Remark]:
    """Name what is missing in the statement that is nearest to letting the caller in."""
    if action == TAG_SESSION:
        return [Remark("tag_session", f"No statement allows {action}, which session tags need.")]
    if action == SET_SOURCE_IDENTITY:
        return [
            Remark("source_identity", f"No statement allows {action}, which source identity needs.")
        ]
    allowing = [one for one in statements if one.allows and one.has_action(action)]
    ours = [
        one
        for one in allowing
        if one.has_principal(kind=caller.kind, principal=caller.principal) is not False
    ]
    if not ours:
        others = sorted({value for one in allowing for kind, value in one.principals})
        instead = f" It is allowed for {', '.join(others)[:500]}." if others else ""
        return [
            Remark("principal", f"No statement allows {action} for {caller.principal}.{instead}")
        ]
    failing = [
        [test for test in tests_of(one.condition) if test.holds(caller.context) is False]
        for one in ours
    ]
    return [_of_test(test, caller) for test in min(failing, key=len)]


def _of_test(test: Test, caller: Caller) -> Remark:
    sent = caller.context.get(test.key)
    wanted = " or ".join(test.values)[:500]
    demands = f"{test.operator} on {test.key} demands {wanted}"
    if sent is None and is_provider_key(test.key):
        return Remark(
            "claim",
            f"{demands}; AWS knows no claim but aud, sub, azp and amr of such a provider, so this never holds.",
        )
    code = _CODES.get(test.key.rsplit(":", 1)[-1], "condition")
    return Remark(code, f"{demands}; the portal sends {sent or 'none'}.")


_CODES = {"aud": "audience", "sub": "subject", "externalid": "external_id"}


def _dangers(statement: Statement) -> list[Remark]:
    """Say what is dangerous in a statement that allows, whoever asks."""
    found = []
    if statement.is_for_all_but_some:
        found.append(
            Remark("anyone", "NotPrincipal in a statement that allows lets everybody else in.")
        )
    if any(value == "*" for _, value in statement.principals):
        found.append(
            Remark(
                "anyone",
                "The principal is *: everybody in AWS whom the conditions do not keep out may enter.",
            )
        )
    tests = tests_of(statement.condition)
    found += [
        Remark(
            "operator",
            f"{test.operator} on {test.key} is also true for a token without that claim: it protects nothing. Use StringEquals.",
        )
        for test in tests
        if is_provider_key(test.key) and test.is_true_when_absent
    ]
    if statement.has_action(_WEB_IDENTITY) and (
        statement.is_for_all_but_some
        or any(kind == "Federated" for kind, _ in statement.principals)
    ):
        found += [
            Remark(f"no_{code}", text)
            for claim, code, text in _CLAIMS
            if not any(policy_conditions.narrows(test, claim) for test in tests)
        ]
    return found


_CLAIMS = (
    (
        "aud",
        "audience",
        "Nothing tests the audience (aud): tokens of the provider for other applications enter too.",
    ),
    (
        "sub",
        "subject",
        "Nothing tests the subject (sub): every token of the provider for this audience enters.",
    ),
)
