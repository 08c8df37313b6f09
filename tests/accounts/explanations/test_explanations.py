"""Why somebody has a role and why not, in words: each thing that can be missing is named."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import InvalidRequest
from accounts.explanations import (
    Asked,
    Question,
    RoleExplanation,
    explain,
    explain_role,
    find_people,
    of_person,
    pasted,
    rows,
    who_can,
)
from accounts.explanations.subjects import LONGEST
from accounts.models import (
    Account,
    AuditEvent,
    Mapping,
    MappingTarget,
    PermissionSet,
    Person,
    TrustedIssuer,
)
from accounts.types import Kind, Subject
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

DEV, PROD = "210987654321", "123456789012"
NOW = cast.NOON


def why(subject: Subject, role_name: str = "Operator", account_id: str = PROD) -> RoleExplanation:
    return explain_role(subject, account_id=account_id, role_name=role_name, now=NOW)


def missing(subject: Subject, **role: str) -> str:
    """Return what the nearest mapping lacks."""
    (line, *_) = why(subject, **role).lines
    return " ".join(line.missing)


def claims(**sent: Any) -> Subject:
    return Subject(issuer=cast.ISSUER, sub="somebody", claims=sent)


def test_everything_that_somebody_has_with_the_mapping_and_the_value() -> None:
    explained = explain(cast.subject("alice"), now=NOW)

    assert [
        (one.role.account_name, one.role.role_name, *map(str, one.reasons))
        for one in explained.granted
    ] == [
        ("payments-dev", "Developer", "Developers of payments: groups = payments"),
        ("payments-dev", "ReadOnly", "Payments looks at its accounts: groups = payments"),
        ("payments-prod", "ReadOnly", "Payments looks at its accounts: groups = payments"),
    ]


def test_a_group_that_is_absent_is_named() -> None:
    explained = why(cast.subject("alice"))

    assert not explained.allows(Kind.KEYS)
    assert not explained.allows(Kind.CONSOLE)
    assert missing(cast.subject("alice")) == "No value of the claim “groups” is “on-call”."
    assert "no such claim" in missing(claims(sub="x"))


@pytest.mark.parametrize(
    ("sent", "way"),
    [
        ("On-Call", "upper and lower case"),
        (" on-call", "spaces at its ends"),
        ("\uff4fn-call", "Unicode form"),
    ],
)
def test_a_value_that_only_looks_like_it_is_named(sent: str, way: str) -> None:
    assert "Nearly matching" in (said := missing(claims(groups=[sent])))
    assert way in said


def test_a_pattern_and_a_template_count_as_everything_else() -> None:
    Mapping.objects.filter(name="On call operates production").update(
        match="wildcard", value="on-*"
    )
    assert missing(claims(groups=["off-call"])) == "No value of the claim “groups” fits “on-*”."
    assert "Nearly matching" in missing(claims(groups=["On-call"]))

    Mapping.objects.filter(name="On call operates production").update(
        match="template", value="aws-{account_id}-{role}", permission_set=None
    )
    explained = why(claims(groups=[f"aws-{PROD}-Operator"]))
    assert explained.allows(Kind.KEYS)
    assert explained.lines[0].value == f"aws-{PROD}-Operator"
    assert f"is “aws-{PROD}-Operator”, which the template stands for here" in missing(
        claims(groups=["x"])
    )
    assert "Nearly matching" in missing(claims(groups=[f"AWS-{PROD}-operator"]))
    Mapping.objects.filter(name="On call operates production").update(value="{environment}-{role}")
    Account.objects.update(environment=None)
    assert "lacks what the template names" in missing(claims(groups=["x"]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"enabled": False}, "The mapping is disabled."),
        ({"expires_at": NOW}, "The mapping expired on 22 November 2026, 12:00 UTC."),
        (
            {"claim": "email", "value": "bob@northwind.example"},
            "the e-mail address is not verified",
        ),
        ({"claim": "gatehouse:x"}, "Only machine tokens"),
        ({"value": "approvers", "split": ""}, "The mapping can split texts at “;”"),
    ],
)
def test_what_else_can_be_missing_of_a_mapping(changed: dict[str, Any], said: str) -> None:
    Mapping.objects.filter(name="On call operates production").update(**changed)
    bob = claims(
        groups=["on-call", "deploy;approvers"],
        email="bob@northwind.example",
        **{"gatehouse:x": "on-call"},
    )

    assert not why(bob).allows(Kind.KEYS)
    assert said in missing(bob)


def test_a_claim_that_was_left_out_or_cut_is_not_read_as_absent() -> None:
    assert "left “groups” out" in missing(claims(hasgroups=True))
    okta = Subject("https://x.okta.com", "s", claims={"groups": [str(n) for n in range(100)]})
    assert "exactly 100 values" in missing(okta)
    assert why(okta).refusals[Kind.KEYS].code == "claims.truncated"  # type: ignore[union-attr]


def test_a_mapping_of_other_accounts_is_named_if_its_value_is_there() -> None:
    Account.objects.create(account_id="111111111111", name="other").roles.create(
        permission_set=PermissionSet.objects.get(name="Operator")
    )
    bob = cast.subject("bob")

    assert "do not include this account" in missing(bob, account_id="111111111111")
    assert "They have" in missing(bob, account_id="111111111111")
    assert "They have" not in missing(cast.subject("alice"), account_id="111111111111")
    MappingTarget.objects.all().delete()
    assert "it has no targets" in missing(bob)


def test_what_the_directory_lacks_is_said() -> None:
    bob = cast.subject("bob")

    assert why(bob, account_id="999999999999").absent == "This account is not in the directory."
    assert why(bob, account_id="\x00").absent == "This account is not in the directory."
    assert why(bob, role_name="Nope").absent == "There is no such permission set."
    assert "does not offer" in why(bob, account_id=DEV).absent
    assert why(bob).allows(Kind.KEYS)
    Account.objects.update(active=False)
    explained = why(bob)
    assert "not active" in explained.absent
    assert not explained.allows(Kind.KEYS)
    assert explained.lines[0].gives, "the mapping is right: the account is not"


def test_what_the_role_and_the_mapping_leave_of_each_other() -> None:
    bob = cast.subject("bob")
    PermissionSet.objects.filter(name="Operator").update(keys=False)
    explained = why(bob)
    assert explained.allows(Kind.CONSOLE)
    assert explained.refusals[Kind.KEYS].code == "access.kind_denied"  # type: ignore[union-attr]

    Mapping.objects.update(console=False)
    assert "gives the console or keys alone" in missing(bob)


def test_a_second_factor_a_block_and_the_trust_method_count() -> None:
    bob = cast.subject("bob")
    Account.objects.update(trust_method="switch-role")
    assert why(bob).refusals[Kind.CONSOLE] is None
    assert why(bob).refusals[Kind.KEYS] is not None

    PermissionSet.objects.update(requires_mfa=True)
    assert why(bob).refusals[Kind.CONSOLE].code == "access.mfa_required"  # type: ignore[union-attr]

    cast.block(bob)
    assert why(bob).refusals[Kind.CONSOLE].code == "signin.blocked"  # type: ignore[union-attr]
    assert explain(bob, now=NOW).blocks


def test_the_claims_of_the_latest_sign_in_count_and_their_age_is_said() -> None:
    cast.sign_in(cast.subject("mallory", groups=["on-call"]), now=NOW - timedelta(days=2))
    cast.sign_in("mallory", now=NOW - timedelta(days=1))
    (person,) = find_people("mallory@northwind.example")

    asked = of_person(person, now=NOW)

    assert asked.verified_at == NOW - timedelta(days=1)
    assert "Their sign-in has ended." in asked.notes[0]
    assert not why(asked.subject).allows(Kind.KEYS)
    assert find_people(str(person.public_id)) == find_people("Mallor") == [person]
    assert find_people("") == find_people("\x00") == find_people("nobody") == []


def test_of_whom_no_claims_are_kept_nothing_is_made_up() -> None:
    asked = of_person(Person.objects.create(issuer=cast.ISSUER, sub="by-token"), now=NOW)

    assert asked.verified_at is None
    assert "Paste them" in asked.notes[0]
    assert not explain(asked.subject, now=NOW).granted


def jwt_of(payload: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part(payload)}.c2lnbmF0dXJl"


def test_a_jwt_its_payload_and_json_are_read_alike(settings: Any) -> None:
    settings.OIDC_ISSUER = cast.ISSUER
    payload = {"sub": "sub-bob", "iss": cast.ISSUER, "groups": ["on-call"]}
    token = jwt_of(payload)

    for text in (
        json.dumps(payload),
        token,
        token.split(".")[1],
        f"Bearer {token[:40]}\n{token[40:]}\n",
    ):
        asked = pasted(text, now=NOW)
        assert asked.verified_at is None
        assert why(asked.subject).allows(Kind.KEYS)
        assert len(asked.notes) == 1
        assert "stored" in asked.notes[0]
    assert "signature was not checked" in pasted(token, now=NOW).notes[0]


def test_what_is_odd_about_pasted_claims_is_said(settings: Any) -> None:
    settings.OIDC_ISSUER = cast.ISSUER

    def notes(**payload: Any) -> str:
        return " ".join(pasted(json.dumps(payload), now=NOW).notes)

    assert "does not accept tokens of https://elsewhere.example" in notes(
        iss="https://elsewhere.example"
    )
    assert "It expired on" in notes(exp=1)
    TrustedIssuer.objects.create(name="CI", url="https://ci.example", audiences=["x"])
    assert "only mappings of that issuer count" in notes(iss="https://ci.example")
    asked = pasted(json.dumps({"iss": "https://ci.example", "groups": ["on-call"]}), now=NOW)
    assert not why(asked.subject).lines, "people's mappings are not for programs"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "on-call",
        "a.b",
        "a.b.c.d.e",
        "a.%%%.c",
        '{"iss": 7}',
        '{"sub": 7}',
        '{"groups": NaN}',
        "x" * (LONGEST + 1),
    ],
)
def test_what_is_no_claims_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        pasted(text, now=NOW)

    assert refused.value.code == "explain.claims"
    assert refused.value.__cause__ is None
    assert len(refused.value.user_message) < 200


def test_pasted_claims_are_not_stored() -> None:
    pasted('{"sub": "sub-bob", "groups": ["on-call"]}', now=NOW)

    assert not Person.objects.exists()
    assert not AuditEvent.objects.exists()


def test_who_can_enter_by_person_and_by_value() -> None:
    cast.sign_in("alice", now=NOW)
    cast.sign_in("bob", now=NOW)

    answer = who_can(Question(environment="production"), now=NOW)

    assert {one.person.label: [str(grant) for grant in one.grants] for one in answer.people} == {
        "bob@northwind.example": ["On call operates production: groups = on-call"],
        "alice@northwind.example": ["Payments looks at its accounts: groups = payments"],
    }
    assert [(value.rule.value, value.people) for value in answer.values] == [
        ("on-call", 1),
        ("payments", 1),
    ]
    assert [one.person.label for one in who_can(Question(privileged=True), now=NOW).people] == [
        "bob@northwind.example"
    ]
    assert not who_can(Question(privileged=True, account_id=DEV), now=NOW).people
    assert not who_can(Question(role_name="\x00"), now=NOW).roles
    PermissionSet.objects.update(privileged=False)
    assert not who_can(Question(privileged=True), now=NOW).people
    with pytest.raises(InvalidRequest):
        who_can(Question(), now=NOW)


def test_who_can_enter_counts_whom_it_leaves_out() -> None:
    cast.sign_in("bob", now=NOW)
    cast.block_everybody()
    Person.objects.create(issuer=cast.ISSUER, sub="by-token")

    answer = who_can(Question(role_name="Operator"), now=NOW)

    assert (answer.people, answer.blocked, answer.unknown) == ((), 1, 1)


def test_programs_of_a_trusted_issuer_can_enter_by_its_mappings() -> None:
    issuer = TrustedIssuer.objects.create(name="CI", url="https://ci.example", audiences=["x"])
    Mapping.objects.filter(name="On call operates production").update(issuer=issuer)
    cast.sign_in("bob", now=NOW)

    answer = who_can(Question(role_name="Operator"), now=NOW)
    assert not answer.people
    assert [(value.issuer, value.rule.value) for value in answer.values] == [
        ("https://ci.example", "on-call")
    ]
    issuer.enabled = False
    issuer.save()
    assert not who_can(Question(role_name="Operator"), now=NOW).values
    program = Subject("https://ci.example", "job", claims={"groups": ["on-call"]}, workload=True)
    assert missing(program) == "The mapping's trusted issuer is disabled."


def test_the_file_has_a_row_for_each_role_and_no_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    cast.sign_in(cast.subject("bob", groups=["=cmd()", "on-call"]), now=NOW)
    Mapping.objects.filter(value="on-call").update(name="=cmd()")
    answer = who_can(Question(role_name="Operator"), now=NOW)

    heading, row = "".join(rows.csv_file(answer)).splitlines()
    assert heading == ",".join(rows.COLUMNS)
    assert row == (
        f"bob@northwind.example,{cast.ISSUER},sub-bob,2026-11-22T12:00:00Z,{PROD},payments-prod,"
        "production,Operator,True,True,True,'=cmd(): groups = on-call"
    )
    monkeypatch.setattr(rows, "MOST_ROWS", 0)
    assert "".join(rows.csv_file(answer)).splitlines()[1:] == [
        "This file is cut: ask about an account or a role."
    ]


def test_questions_cost_as_many_queries_whatever_is_asked() -> None:
    def queries(number: int) -> tuple[int, ...]:
        for each in range(number):
            cast.sign_in(cast.subject(f"p{each}", groups=["on-call"]), now=NOW)
            what = PermissionSet.objects.get(name="Operator")
            cast.mapping(f"group-{number}-{each}", what, "all")
        counts = []
        for act in (
            lambda: explain(cast.subject("bob"), now=NOW),
            lambda: why(cast.subject("bob")),
            lambda: who_can(Question(privileged=True, environment="production"), now=NOW),
        ):
            with CaptureQueriesContext(connection) as captured:
                act()
            counts.append(len(captured))
        return tuple(counts)

    assert queries(1) == queries(20)


def test_subject_of_asked_is_not_in_its_repr() -> None:
    assert "on-call" not in repr(Asked(cast.subject("bob"), None))
