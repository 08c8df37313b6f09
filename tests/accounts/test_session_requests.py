"""What AWS is asked for: who it is at AWS, by the person's claims, and what narrows the session."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from accounts.aws.policy_documents import BadPolicy
from accounts.errors import AccessDenied, AwsRefused, InvalidRequest
from accounts.trust.session_names import session_name
from accounts.trust.session_requests import session_request
from accounts.types import SessionRequest, SessionRules, Subject
from tests import cast
from tests.accounts.test_trust import ROLE

ALLOWS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
DENIES = ALLOWS.replace("Allow", "Deny")
SHORT = {"separators": (",", ":")}


def asked(who: Subject | None = None, **options: Any) -> SessionRequest:
    """Ask as somebody, with options of the request and of the role, and with the rules of its sessions."""
    of_request = {name: options.pop(name) for name in ("tags", "read_only") if name in options}
    of_role = {name: options.pop(name) for name in ("trust_method", "partition") if name in options}
    return session_request(
        role=replace(ROLE, session_rules=SessionRules(**options), **of_role),
        subject=who or cast.subject("alice"),
        duration=3600,
        **of_request,
    )


def tag_of(claim: object) -> str:
    who = cast.subject("alice", team=claim)
    return asked(who, claim_tags=(("team", "team"),)).tags["team"]


def why_not(claim: object, **claims: Any) -> AccessDenied:
    who = cast.subject("alice", **({} if claim is None else {"team": claim}), **claims)
    with pytest.raises(AccessDenied) as denied:
        asked(who, claim_tags=(("team", "team"),))
    return denied.value


def test_a_permission_set_that_says_nothing_asks_for_nothing_more() -> None:
    request = asked()

    assert request == SessionRequest(
        role=replace(ROLE, session_rules=SessionRules()),
        subject=cast.subject("alice"),
        session_name=session_name(cast.subject("alice")),
        duration=3600,
    )


def test_a_role_without_the_rules_of_its_sessions_is_not_asked_for() -> None:
    with pytest.raises(TypeError, match="out of a list"):
        session_request(role=ROLE, subject=cast.subject("alice"), duration=3600)


# --- session names and source identities ---


def test_a_session_name_begins_with_its_claim_and_ends_with_the_persons_digest() -> None:
    usual = session_name(cast.subject("alice"))
    digest = usual.rpartition("-")[2]

    named = asked(cast.subject("alice", login="a.archer"), session_name_claim="login")

    assert named.session_name == f"a.archer-{digest}"
    for claim in (None, "", [], ["a", "b"], 7.5):
        request = asked(cast.subject("alice", login=claim), session_name_claim="login")
        assert request.session_name == usual, claim


def test_a_source_identity_is_off_unless_its_claim_is_named() -> None:
    assert asked(cast.subject("alice", login="alice")).source_identity == ""


def test_a_source_identity_begins_with_its_claim_and_is_one_persons_alone() -> None:
    rules = {"source_identity_claim": "login"}
    longest = "aws:" + "é" + "x" * 80

    alice = asked(cast.subject("alice", login=longest), **rules).source_identity
    bob = asked(cast.subject("bob", login=[longest]), **rules).source_identity

    assert alice.startswith("aws-xxx")
    assert len(alice) == 64
    assert alice[:-12] == bob[:-12]
    assert alice != bob


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "claims.missing"),
        ({"login": []}, "claims.missing"),
        ({"login": ["a", "b"]}, "claims.unfit"),
        ({"login": {"name": "a"}}, "claims.missing"),
    ],
)
def test_nobody_gets_in_without_the_one_value_of_the_source_identity(
    claims: dict[str, Any], code: str
) -> None:
    with pytest.raises(AccessDenied) as denied:
        asked(cast.subject("alice", **claims), source_identity_claim="login")

    assert denied.value.code == code
    assert "“login”" in denied.value.user_message


def test_an_address_that_nobody_verified_is_no_tag_source_identity_or_session_name() -> None:
    mallory = replace(
        cast.subject("mallory", email="ceo@northwind.example", email_verified=False),
        email_verified=False,
    )
    for rules in ({"claim_tags": (("mail", "email"),)}, {"source_identity_claim": "email"}):
        with pytest.raises(AccessDenied):
            asked(mallory, **rules)

    named = asked(mallory, session_name_claim="email").session_name

    assert named.startswith("unverified-")


# --- tags from claims ---


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("payments", "payments"),
        ("cn=Zahlungen Süd/1", "cn=Zahlungen Süd/1"),
        ("project:northwind:main", "project:northwind:main"),
        (7, "7"),
        (["payments"], ":payments:"),
        (["platform", "payments", "platform", ""], ":payments:platform:"),
        ("x" * 256, "x" * 256),
    ],
)
def test_a_tag_has_the_value_of_its_claim_and_a_list_stands_between_colons(
    claim: object, value: str
) -> None:
    assert tag_of(claim) == value


@pytest.mark.parametrize("claim", [None, "", [], {"a": "b"}, ["payments", 7.5], [["payments"]]])
def test_nobody_gets_in_without_the_claim_of_a_tag(claim: object) -> None:
    denied = why_not(claim)

    assert denied.code == "claims.missing"
    assert denied.user_message.startswith("This role needs your “team”.")


@pytest.mark.parametrize(
    "claim",
    [
        ":payments:",
        ["x:payments"],
        ["payments", "a:b"],
        "pay,ments",
        "pay\nments",
        "aws:payments",
        "x" * 257,
        ["x" * 200, "y" * 60],
    ],
)
def test_a_claim_that_would_pass_for_another_or_that_aws_does_not_take_is_refused(
    claim: object,
) -> None:
    assert why_not(claim).code == "claims.unfit"


def test_a_claim_that_the_provider_left_out_or_cut_is_not_read_as_another() -> None:
    assert why_not(None, _claim_names={"team": "src1"}).code == "claims.overage"
    okta = {"ver": 1, "jti": "ID.x"}
    assert why_not([f"g{number}" for number in range(100)], **okta).code == "claims.truncated"


def test_tags_from_claims_replace_those_that_people_choose_and_may_be_transitive() -> None:
    who = cast.subject("alice", department="payments")

    request = asked(
        who,
        tags={"ticket": "42", "team": "admins"},
        claim_tags=(("team", "department"),),
        transitive_tags=("team",),
    )

    assert request.tags == {"ticket": "42", "team": "payments"}
    assert request.transitive_tags == ("team",)
    with pytest.raises(InvalidRequest):
        asked(who, tags={"TEAM": "admins"}, claim_tags=(("team", "department"),))


def test_a_machine_of_the_portal_has_the_claims_that_the_portal_gave_it() -> None:
    machine = replace(
        cast.subject("alice"), workload=True, token_id=uuid4(), claims={"gatehouse:machine": "ci"}
    )
    pretender = cast.subject("alice", **{"gatehouse:machine": "ci"})
    rules = {"claim_tags": (("machine", "gatehouse:machine"),)}

    assert asked(machine, **rules).tags == {"machine": "ci"}
    with pytest.raises(AccessDenied):
        asked(pretender, **rules)


@pytest.mark.parametrize(
    "options",
    [
        {"tags": {"ticket": "42"}},
        {"claim_tags": (("groups", "groups"),)},
        {"source_identity_claim": "login"},
    ],
)
def test_what_the_providers_own_token_or_a_link_cannot_say_is_refused(
    options: dict[str, Any],
) -> None:
    who = cast.subject("alice", login="alice")

    for method in ("user-token", "switch-role"):
        with pytest.raises(AwsRefused) as refused:
            asked(who, trust_method=method, **options)

        assert refused.value.code == "trust.session_rules"
    for method in ("hub", "portal-token"):
        assert asked(who, trust_method=method, **options).duration == 3600
    assert asked(who, trust_method="user-token").duration == 3600


@pytest.mark.parametrize(
    "options",
    [
        {"policy": ALLOWS},
        {"policy_arns": ("arn:aws:iam::aws:policy/Read",)},
        {"read_only": True, "read_only_policy": ALLOWS},
    ],
)
def test_a_link_that_would_give_more_than_the_session_policies_is_refused(
    options: dict[str, Any],
) -> None:
    with pytest.raises(AwsRefused):
        asked(trust_method="switch-role", **options)

    assert asked(trust_method="switch-role", read_only_policy=ALLOWS).policy == ""
    assert asked(trust_method="user-token", **options).policy_arns is not None


# --- session policies ---


def test_session_policies_are_those_of_the_permission_set_in_the_roles_account() -> None:
    request = asked(
        partition="aws-cn",
        policy=ALLOWS,
        policy_arns=("arn:{partition}:iam::{account_id}:policy/Limits",),
        read_only_policy=DENIES,
    )

    assert request.policy == json.dumps(json.loads(ALLOWS), **SHORT)  # type: ignore[arg-type]
    assert request.policy_arns == ("arn:aws-cn:iam::210987654321:policy/Limits",)


def test_read_only_is_refused_where_it_is_not_offered() -> None:
    with pytest.raises(AccessDenied) as denied:
        asked(read_only=True, policy=ALLOWS)

    assert denied.value.code == "access.read_only_denied"


def test_read_only_narrows_by_the_read_only_policy() -> None:
    arn = "arn:{partition}:iam::aws:policy/ReadOnlyAccess"

    assert asked(read_only=True, read_only_policy_arns=(arn,)).policy_arns == (
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    assert asked(read_only_policy_arns=(arn,)).policy_arns == ()
    both = asked(read_only=True, policy=ALLOWS, read_only_policy=DENIES).policy
    assert [one["Effect"] for one in json.loads(both)["Statement"]] == ["Allow", "Deny"]


def test_a_read_only_policy_that_would_add_something_is_not_sent_even_if_it_was_stored() -> None:
    with pytest.raises(BadPolicy):
        asked(read_only=True, policy=ALLOWS, read_only_policy=ALLOWS)
