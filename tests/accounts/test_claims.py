"""Claims of every provider: picked by key or path, and noticed where they did not arrive whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.claims import OKTA_GROUP_LIMIT, pick, problems, why_unread

OKTA = "https://northwind.okta.com/oauth2/default"
ENTRA = "https://login.microsoftonline.com/9188040d/v2.0"

# The shapes providers send, and the path by which a mapping reads each.
KEYCLOAK: dict[str, Any] = {
    "iss": "https://kc.example.com/realms/corp",
    "sub": "f3c1-uuid",
    "aud": "portal",
    "azp": "portal",
    "acr": "1",
    "sid": "..",
    "email_verified": True,
    "realm_access": {"roles": ["aws-admin"]},
    "resource_access": {"portal": {"roles": ["viewer"]}},
    "groups": ["/platform/sre"],
}
PROVIDERS: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "Keycloak's groups": (KEYCLOAK, "groups", ("/platform/sre",)),
    "Keycloak's realm roles": (KEYCLOAK, "realm_access.roles", ("aws-admin",)),
    "Keycloak's client roles": (KEYCLOAK, "resource_access.portal.roles", ("viewer",)),
    "Okta": (
        {
            "iss": OKTA,
            "sub": "00u..",
            "amr": ["mfa", "otp", "pwd"],
            "groups": ["AWS-Prod-Admin"],
            "ver": 1,
        },
        "groups",
        ("AWS-Prod-Admin",),
    ),
    "Auth0": (
        {
            "iss": "https://t.eu.auth0.com/",
            "sub": "auth0|65..",
            "https://example.com/groups": ["aws-admin"],
            "amr": ["mfa"],
            "acr": "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        },
        "https://example.com/groups",
        ("aws-admin",),
    ),
    "Entra ID's groups": (
        {
            "iss": ENTRA,
            "sub": "pairwise",
            "oid": "guid",
            "tid": "guid",
            "groups": ["a1b2-guid"],
            "roles": ["Aws.Admin"],
            "preferred_username": "a@x.com",
        },
        "groups",
        ("a1b2-guid",),
    ),
    "Entra ID's app roles": ({"roles": ["Aws.Admin"]}, "roles", ("Aws.Admin",)),
    "Google Workspace": (
        {
            "iss": "https://accounts.google.com",
            "azp": "..",
            "aud": "..",
            "sub": "1122..",
            "hd": "example.com",
            "email": "a@example.com",
            "email_verified": True,
        },
        "hd",
        ("example.com",),
    ),
    "AD FS": (
        {
            "iss": "https://adfs.example.com/adfs",
            "sub": "pairwise==",
            "upn": "a@corp",
            "unique_name": "CORP\\a",
            "group": "AWS-Admin",
            "auth_time": "...",
        },
        "group",
        ("AWS-Admin",),
    ),
    "Cognito": (
        {
            "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x",
            "token_use": "id",
            "cognito:groups": ["aws-admin"],
            "cognito:roles": ["arn:..."],
            "cognito:preferred_role": "arn:...",
            "cognito:username": "a",
        },
        "cognito:groups",
        ("aws-admin",),
    ),
    "GitLab": (
        {
            "iss": "https://gitlab.example.com",
            "sub": "42",
            "groups_direct": ["infra/sre"],
            "preferred_username": "a",
        },
        "groups_direct",
        ("infra/sre",),
    ),
    "Dex": (
        {
            "iss": "https://dex.example.com",
            "sub": "CgR..",
            "groups": ["org:team"],
            "federated_claims": {"connector_id": "github", "user_id": "1"},
            "email_verified": True,
        },
        "groups",
        ("org:team",),
    ),
    "Dex's connector": (
        {"federated_claims": {"connector_id": "github", "user_id": "1"}},
        "federated_claims.connector_id",
        ("github",),
    ),
    "authentik": (
        {
            "iss": "https://ak.example.com/application/o/portal/",
            "sub": "hash",
            "groups": ["aws admins"],
            "amr": ["pwd", "mfa", "otp"],
            "acr": "goauthentik.io/providers/oauth2/default",
        },
        "groups",
        ("aws admins",),
    ),
    "PingOne": (
        {
            "iss": "https://auth.pingone.com/env/as",
            "sub": "uuid",
            "acr": "Single_Factor",
            "groups": ["CN=AWS,OU=.."],
        },
        "groups",
        ("CN=AWS,OU=..",),
    ),
    "OneLogin": (
        {
            "iss": "https://x.onelogin.com/oidc/2",
            "sub": "123",
            "groups": ["AWS-Admin"],
            "preferred_username": "a",
        },
        "groups",
        ("AWS-Admin",),
    ),
    "OneLogin's joined roles": ({"groups": "AWS-Admin;AWS-Dev"}, "groups", ("AWS-Admin;AWS-Dev",)),
}


@pytest.mark.parametrize(("claims", "path", "values"), PROVIDERS.values(), ids=list(PROVIDERS))
def test_pick_reads_what_each_provider_sends(
    claims: dict[str, Any], path: str, values: tuple[str, ...]
) -> None:
    assert pick(claims, path) == values
    assert problems(claims, [path], issuer=claims.get("iss", "")) == ()


@pytest.mark.parametrize(
    "sent",
    [
        None,
        True,
        1.5,
        2**53,
        10**400,
        {},
        {"payments": True},
        [],
        [None, 7.0, True, {}, ["payments"]],
        "",
        [""],
        ["a\x00"],
        "\ud800",
    ],
)
def test_pick_leaves_out_what_no_mapping_can_name(sent: Any) -> None:
    assert pick({"groups": sent}, "groups") == ()


@pytest.mark.parametrize("path", ["", ".", "Groups", "groups.", ".groups", "groups.0", "group"])
def test_pick_finds_nothing_by_another_path(path: str) -> None:
    assert pick({"groups": ["payments"]}, path) == ()


def test_pick_never_goes_through_what_is_no_object() -> None:
    assert pick({"a": "b"}, "a.b") == ()
    assert pick({"a": ["b"]}, "a.b") == ()
    assert pick({"a": ["b", None, {"c": "d"}]}, "a.b") == ()


def test_pick_reads_whole_numbers_and_a_key_of_each_object_in_a_list() -> None:
    groups = [{"name": "payments", "id": 7}, {"name": "platform"}, {"id": -12}, "on-call"]

    assert pick({"groups": 7}, "groups") == ("7",)
    assert pick({"groups": groups}, "groups") == ("on-call",)
    assert pick({"groups": groups}, "groups.name") == ("payments", "platform")
    assert pick({"groups": groups}, "groups.id") == ("7", "-12")
    assert pick({"orgs": [{"teams": [{"name": "a"}, {"name": "b"}]}]}, "orgs.teams.name") == (
        "a",
        "b",
    )


def test_pick_never_splits_a_string() -> None:
    assert pick({"groups": "a,b c;d"}, "groups") == ("a,b c;d",)


def test_pick_keeps_the_order_and_drops_doubles() -> None:
    assert pick({"groups": ["b", "a", "b", "B"]}, "groups") == ("b", "a", "B")


def test_pick_takes_values_as_they_are() -> None:
    values = (" a ", "A\n", "café", "cafe\u0301", "a.*", "🚪")

    assert pick({"groups": list(values)}, "groups") == values


def test_pick_takes_the_literal_key_before_the_path() -> None:
    claims = {"a.b": ["literal"], "a": {"b": ["nested"]}}

    assert pick(claims, "a.b") == ("literal",)


def test_pick_takes_the_longest_key_at_every_level() -> None:
    claims = {"resource_access": {"my.portal": {"roles": ["x"]}, "my": {"portal": {"roles": "y"}}}}

    assert pick(claims, "resource_access.my.portal.roles") == ("x",)


def test_pick_goes_on_where_the_longer_key_leads_nowhere() -> None:
    claims = {"a.b": {"other": ["x"]}, "a": {"b": {"c": ["found"]}}, "a.b.c": None}

    assert pick(claims, "a.b.c") == ("found",)


def test_an_empty_literal_claim_is_not_replaced_by_another() -> None:
    assert pick({"a.b": [], "a": {"b": ["nested"]}}, "a.b") == ()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "a.b"]), inner),
    max_leaves=10,
)


@given(
    claims=st.dictionaries(st.sampled_from(["a", "b", "a.b", ""]), anything),
    path=st.text(alphabet="ab.", max_size=6),
)
def test_pick_gives_texts_whatever_was_sent(claims: dict[str, Any], path: str) -> None:
    found = pick(claims, path)

    assert all(type(value) is str and value != "" for value in found)
    assert len(set(found)) == len(found)


# Claims that did not arrive whole


def codes(claims: dict[str, Any], *paths: str, issuer: str) -> list[tuple[str, str]]:
    return [(found.claim, found.code) for found in problems(claims, paths, issuer=issuer)]


@pytest.mark.parametrize(
    "claims",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}},
        {"_claim_names": {"groups": "src1"}, "groups": ["some"]},
        {"hasgroups": True},
        {"hasgroups": "true"},
        {"groups:src1": "https://graph.microsoft.com/v1.0/users/1/getMemberObjects"},
    ],
)
def test_problems_say_that_entra_left_groups_out(claims: dict[str, Any]) -> None:
    assert codes(claims, "groups", "roles", issuer=ENTRA) == [("groups", "claims.overage")]


def test_problems_say_so_for_a_path_into_what_was_left_out() -> None:
    claims = {"_claim_names": {"resource_access": "src1"}}

    assert codes(claims, "resource_access.portal.roles", "resource", issuer=ENTRA) == [
        ("resource_access.portal.roles", "claims.overage")
    ]


@pytest.mark.parametrize(
    "claims", [{"_claim_names": "groups"}, {"_claim_names": None}, {"hasgroups": False}, {}]
)
def test_no_problem_where_nothing_was_left_out(claims: dict[str, Any]) -> None:
    assert codes(claims, "groups", issuer=ENTRA) == []


def full(count: int) -> list[str]:
    return [f"group-{number}" for number in range(count)]


@pytest.mark.parametrize(
    "issuer",
    [
        OKTA,
        "https://northwind.oktapreview.com",
        "https://northwind.okta-emea.com",
        "https://northwind.okta-gov.com/oauth2/x",
        "https://NORTHWIND.OKTA.COM",
    ],
)
def test_problems_say_that_okta_may_have_cut_groups(issuer: str) -> None:
    claims = {"groups": full(OKTA_GROUP_LIMIT), "roles": ["a"]}

    assert codes(claims, "groups", "roles", issuer=issuer) == [("groups", "claims.truncated")]


def test_problems_count_what_okta_sent_and_not_what_is_of_use() -> None:
    claims = {"groups": [*full(OKTA_GROUP_LIMIT - 2), "", "group-1"]}

    assert codes(claims, "groups", issuer=OKTA) == [("groups", "claims.truncated")]


@pytest.mark.parametrize("jti", ["ID.4eAWJOCMB3SX8XewDfVR", "AT.0mP4JKAZX1iACIT4vbEDF7LpvDV"])
def test_problems_know_okta_under_a_custom_domain_by_its_tokens(jti: str) -> None:
    claims = {"groups": full(OKTA_GROUP_LIMIT), "ver": 1, "jti": jti}

    assert codes(claims, "groups", issuer="https://id.northwind.example") == [
        ("groups", "claims.truncated")
    ]


@pytest.mark.parametrize(
    ("issuer", "count"),
    [
        (OKTA, OKTA_GROUP_LIMIT - 1),
        (OKTA, OKTA_GROUP_LIMIT + 1),
        ("https://id.northwind.example", OKTA_GROUP_LIMIT),
        ("https://okta.com.northwind.example", OKTA_GROUP_LIMIT),
        ("https://notokta.com", OKTA_GROUP_LIMIT),
        ("", OKTA_GROUP_LIMIT),
    ],
)
def test_no_problem_below_the_limit_or_with_others(issuer: str, count: int) -> None:
    assert codes({"groups": full(count)}, "groups", issuer=issuer) == []


def test_problems_say_that_google_sends_no_groups() -> None:
    google = "https://accounts.google.com"

    assert codes({"hd": "a"}, "groups", "hd", issuer=google) == [("groups", "claims.none_sent")]
    assert codes({"groups": ["a"]}, "groups", issuer=google) == []
    assert codes({}, "groups", issuer="https://id.northwind.example") == []


def test_a_problem_is_said_for_people_and_without_the_values() -> None:
    (found,) = problems({"groups": full(OKTA_GROUP_LIMIT)}, ["groups"], issuer=OKTA)

    assert "exactly 100 values of “groups”" in str(found.message)
    assert "group-1" not in repr(found)


def test_what_arrived_and_was_not_read_is_said_in_words() -> None:
    for sent, said in (
        (["payments", 7], ""),
        (None, "sent no such claim"),
        ([], "arrived empty"),
        ({"payments": True}, "as the claim “groups.payments”"),
        ([{"name": "payments", "id": 1}], "Objects with the keys “id”, “name” arrived"),
        (True, "True or false arrived, which do not count"),
        (["payments", 1.5, ["x"]], "Fractions and lists within a list arrived"),
        (2**60, "Numbers that are too large"),
    ):
        reason = why_unread({"groups": sent}, "groups")
        assert said in reason, sent
        assert bool(said) == bool(reason), sent
    assert (
        why_unread({"groups": ["a"]}, "groups.name")
        == "“groups” arrived, but there is no “name” in it."
    )
