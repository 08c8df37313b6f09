"""A trust policy lets the portal in, refuses it, or cannot be judged; what lets others in is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.aws.trust_policies import Caller, Verdict, judge

PORTAL = "portal.example.com/oidc"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{PORTAL}"
SUBJECT = "account:123456789012:role:/gatehouse/Admin"
TAGS, SOURCE = "sts:TagSession", "sts:SetSourceIdentity"
WEB = Caller(
    "Federated",
    PROVIDER,
    ("sts:AssumeRoleWithWebIdentity", TAGS, SOURCE),
    {f"{PORTAL}:aud": "sts.amazonaws.com", f"{PORTAL}:sub": SUBJECT},
)
HUB_ARN = "arn:aws:iam::999999999999:role/tools/Hub"
HUB = Caller("AWS", HUB_ARN, ("sts:AssumeRole",), {"sts:externalid": "right"})
CLAIMS = {"StringEquals": {f"{PORTAL}:aud": "sts.amazonaws.com", f"{PORTAL}:sub": SUBJECT}}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def web(condition: dict[str, Any] = CLAIMS, **changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": ["sts:AssumeRoleWithWebIdentity", TAGS, SOURCE],
        "Condition": condition,
        **changes,
    }


def hub(principal: Any = HUB_ARN, **changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "right"}},
        **changes,
    }


def claims(operator: str = "StringEquals", **values: Any) -> dict[str, Any]:
    return {operator: {f"{PORTAL}:{claim}": value for claim, value in values.items()}}


AUD = {"aud": "sts.amazonaws.com"}
FITS: dict[str, tuple[Caller, list[dict[str, Any]]]] = {
    "what the portal writes": (WEB, [web()]),
    "a subject with wildcards": (
        WEB,
        [web({**claims(**AUD), **claims("StringLike", sub="account:123456789012:role:*")})],
    ),
    "one of several audiences": (
        WEB,
        [web(claims(aud=["other", "sts.amazonaws.com"], sub=SUBJECT))],
    ),
    "keys in another case": (
        WEB,
        [web({"StringEquals": {k.upper(): v for k, v in CLAIMS["StringEquals"].items()}})],
    ),
    "actions with a wildcard": (WEB, [web(Action="sts:*")]),
    "tags in a statement of their own": (
        WEB,
        [web(Action="sts:AssumeRoleWithWebIdentity"), web(Action=[TAGS, SOURCE])],
    ),
    "the hub by its ARN": (HUB, [hub()]),
    "the hub's whole account": (HUB, [hub("arn:aws:iam::999999999999:root")]),
    "the hub's account by its id": (HUB, [hub(["111111111111", "999999999999"])]),
    "the role of the hub's session": (
        Caller(
            "AWS",
            "arn:aws:sts::999999999999:assumed-role/Hub/i-0abc",
            HUB.actions,
            HUB.context,
        ),
        [hub()],
    ),
    "a Deny for somebody else": (
        HUB,
        [hub(), hub("arn:aws:iam::111111111111:root", Effect="Deny", Condition={})],
    ),
    "a Deny for the wrong external id": (
        HUB,
        [hub(), hub(Effect="Deny", Condition={"StringNotEquals": {"sts:ExternalId": "right"}})],
    ),
    "a statement that is not in a list": (HUB, hub()),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", FITS)
def test_a_policy_that_lets_the_portal_in_fits(name: str) -> None:
    caller, statements = FITS[name]

    judgement = judge({"Statement": statements}, caller)

    assert (judgement.verdict, judgement.faults) == (Verdict.FITS, ())


REFUSES: dict[str, tuple[Caller, list[dict[str, Any]], str]] = {
    "no statements": (WEB, [], "principal"),
    "another provider": (
        WEB,
        [web(Principal={"Federated": "arn:aws:iam::123456789012:oidc-provider/other.example.com"})],
        "principal",
    ),
    "a provider of another account": (
        WEB,
        [web(Principal={"Federated": PROVIDER.replace("123456789012", "111111111111")})],
        "principal",
    ),
    "another audience": (WEB, [web(claims(aud="other", sub=SUBJECT))], "audience"),
    "another role's subject": (
        WEB,
        [web(claims(**AUD, sub="account:123456789012:role:/gatehouse/Reader"))],
        "subject",
    ),
    "a subject in another case": (WEB, [web(claims(**AUD, sub=SUBJECT.upper()))], "subject"),
    "a claim that AWS does not know": (
        WEB,
        [web(claims(**AUD, sub=SUBJECT, groups="admins"))],
        "claim",
    ),
    "no tags": (WEB, [web(Action=["sts:AssumeRoleWithWebIdentity", SOURCE])], "tag_session"),
    "no source identity": (
        WEB,
        [web(Action=["sts:AssumeRoleWithWebIdentity", TAGS])],
        "source_identity",
    ),
    "only AssumeRole": (WEB, [web(Action="sts:AssumeRole")], "principal"),
    "another hub": (HUB, [hub("arn:aws:iam::111111111111:role/Hub")], "principal"),
    "another role of the hub's account": (
        HUB,
        [hub("arn:aws:iam::999999999999:role/Other")],
        "principal",
    ),
    "a service": (HUB, [hub(Principal={"Service": "ec2.amazonaws.com"})], "principal"),
    "another external id": (
        HUB,
        [hub(Condition={"StringEquals": {"sts:ExternalId": "wrong"}})],
        "external_id",
    ),
    "an external id where none is sent": (
        Caller("AWS", HUB_ARN, HUB.actions),
        [hub()],
        "external_id",
    ),
    "a Deny": (HUB, [hub(), hub("*", Effect="Deny", Condition={})], "deny"),
    "a Deny that is true of an absent key": (
        Caller("AWS", HUB_ARN, HUB.actions),
        [
            hub(Condition={}),
            hub(Effect="Deny", Condition={"StringNotEquals": {"sts:ExternalId": "right"}}),
        ],
        "deny",
    ),
    "no subject in the token": (WEB, [web({"Null": {f"{PORTAL}:sub": "true"}})], "subject"),
}


@pytest.mark.parametrize("name", REFUSES)
def test_a_policy_that_refuses_the_portal_says_what_is_missing(name: str) -> None:
    caller, statements, code = REFUSES[name]

    judgement = judge(policy(*statements), caller)

    assert (judgement.verdict, [fault.code for fault in judgement.faults]) == (
        Verdict.REFUSES,
        [code],
    )


def test_the_sentence_names_what_is_demanded_and_what_is_sent() -> None:
    (fault,) = judge(policy(web(claims(aud="other", sub=SUBJECT))), WEB).faults

    assert fault.text == (
        f"StringEquals on {PORTAL}:aud demands other; the portal sends sts.amazonaws.com."
    )


UNKNOWN: dict[str, Any] = {
    "an address": policy(hub(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})),
    "an organization": policy(hub("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
    "a session name": policy(hub(Condition={"StringLike": {"sts:RoleSessionName": "a*"}})),
    "an operator from the future": policy(
        hub(Condition={"StringSounds": {"sts:ExternalId": "right"}})
    ),
    "a policy variable": policy(
        hub(Condition={"StringEquals": {"sts:ExternalId": "${aws:userid}"}})
    ),
    "NotPrincipal": policy(
        {"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
    ),
    "NotAction": policy(
        {"Effect": "Allow", "Principal": {"AWS": HUB_ARN}, "NotAction": "sts:GetSessionToken"}
    ),
    "a Deny that cannot be judged": policy(
        hub(), hub(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})
    ),
    "no object": ["Statement"],
    "a statement that does neither": policy(hub(Effect="Maybe")),
    "a condition that is none": policy(hub(Condition=["StringEquals"])),
    "actions that are none": policy(hub(Action={"sts": "AssumeRole"})),
    "a principal that is none": policy(hub(Principal=7)),
    "statements that are none": {"Statement": "Allow"},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_understood_is_unknown_and_never_guessed(name: str) -> None:
    judgement = judge(UNKNOWN[name], HUB)

    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.faults


DANGERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "everybody": (hub("*"), ["anyone"]),
    "everybody, written short": (hub(Principal="*"), ["anyone"]),
    "everybody but one": (
        {"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "sts:AssumeRole"},
        ["anyone"],
    ),
    "every provider": (web(Principal={"Federated": "*"}), ["anyone"]),
    "ForAllValues": (
        web({**claims(**AUD), **claims("ForAllValues:StringEquals", sub=SUBJECT)}),
        ["operator", "no_subject"],
    ),
    "IfExists": (
        web({**claims(sub=SUBJECT), **claims("StringEqualsIfExists", **AUD)}),
        ["operator", "no_audience"],
    ),
    "a negation": (web({**CLAIMS, **claims("StringNotEquals", groups="x")}), ["operator"]),
    "a claim that must be absent": (web({**CLAIMS, **claims("Null", email="true")}), ["operator"]),
    "no audience": (web(claims(sub=SUBJECT)), ["no_audience"]),
    "no subject": (web(claims(**AUD)), ["no_subject"]),
    "every subject": (web({**claims(**AUD), **claims("StringLike", sub="*")}), ["no_subject"]),
    "no condition": (web({}), ["no_audience", "no_subject"]),
    "every subject among others": (
        web({**claims(**AUD), **claims("StringLike", sub=[SUBJECT, "?*"])}),
        ["no_subject"],
    ),
}


@pytest.mark.parametrize("name", DANGERS)
def test_a_policy_that_lets_others_in_is_dangerous_whether_it_fits_or_not(name: str) -> None:
    statement, codes = DANGERS[name]

    for caller in (WEB, HUB):
        found = judge(policy(statement), caller).dangers

        assert [danger.code for danger in found] == codes


@pytest.mark.parametrize(
    "statement",
    [web(), hub(), hub("*", Effect="Deny"), web({**CLAIMS, **claims("Null", sub="false")})],
)
def test_a_policy_that_names_whom_it_lets_in_is_not_called_dangerous(
    statement: dict[str, Any],
) -> None:
    assert judge(policy(statement), WEB).dangers == ()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["*", "Allow", "${x}", ":", HUB_ARN]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Statement",
                    "Effect",
                    "Principal",
                    "NotPrincipal",
                    "Action",
                    "Condition",
                    "AWS",
                    "StringEquals",
                    "Null",
                    "ForAllValues:StringLike",
                    "sts:ExternalId",
                    f"{PORTAL}:sub",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Principal": JSON, "Action": JSON},
    optional={"Condition": JSON, "Sid": JSON, "NotAction": JSON},
)


@given(found=JSON | st.lists(STATEMENTS, max_size=3).map(lambda many: {"Statement": many}))
def test_whatever_stands_there_is_judged_and_never_fails(found: Any) -> None:
    for caller in (WEB, HUB):
        judgement = judge(found, caller)

        assert (judgement.verdict is Verdict.FITS) == (not judgement.faults)


OPERATORS = ("StringEquals", "StringLike", "StringNotEquals", "ForAllValues:StringEquals", "Null")


@given(
    conditions=st.dictionaries(
        st.sampled_from(OPERATORS),
        st.dictionaries(
            st.sampled_from([f"{PORTAL}:aud", f"{PORTAL}:sub"]),
            st.sampled_from(["sts.amazonaws.com", SUBJECT, "*", "true", "other"]),
            min_size=1,
        ),
        max_size=3,
    )
)
def test_a_policy_without_dangers_refuses_every_other_subject_and_audience(
    conditions: dict[str, Any],
) -> None:
    judgement = judge(policy(web(conditions)), WEB)
    if judgement.dangers or judgement.verdict is not Verdict.FITS:
        return
    for claim in ("aud", "sub"):
        other = Caller(WEB.kind, PROVIDER, WEB.actions, {**WEB.context, f"{PORTAL}:{claim}": "x"})

        assert judge(policy(web(conditions)), other).verdict is Verdict.REFUSES
