"""The door's plain SQL returns the rows that the ORM's queries do, in the same order and of the same types."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import product

import pytest
from django.db.models import Q

from accounts import directory, rules, sql
from accounts.aws.arn import parse_role_arn
from accounts.models import (
    AccountRole,
    Block,
    Environment,
    Mapping,
    MappingTarget,
    TrustCheck,
    TrustedIssuer,
)
from accounts.patterns import Match
from tests.cast import NOON, account, offer, permission_set

pytestmark = pytest.mark.django_db

# Texts that repeat across columns and parameters, contain each other, or mean something to SQL.
TEXTS = ("a", "a/b", "groups", "exact", "100%", "%s", "%(now)s", "it's", 'say "x"', "ä🚪")
CLAIMS = ("groups", "roles", "a", "it's", "%(text_0)s")
NAMES = ("a", "b", "exact", "Look")
CI, OTHER = "https://ci.example", "https://other.example"


@pytest.fixture
def _company() -> None:
    """A random company, the same each time, in which few texts are used for everything."""
    chance = random.Random("the same each time")
    issuers = [
        TrustedIssuer.objects.create(name=url, url=url, audiences=["x"], enabled=url == CI)
        for url in (CI, OTHER)
    ]
    sets = [
        permission_set(
            name,
            iam_path=path,
            console=name != "a",
            keys=name != "b",
            session_tags=["team"],
            session_name_claim=chance.choice(TEXTS),
            source_identity_claim=chance.choice(TEXTS),
            claim_tags={"cost center": chance.choice(TEXTS)},
            transitive_tags=["cost center"],
            session_policy=chance.choice(TEXTS),
            session_policy_arns=[chance.choice(TEXTS)],
            requires_mfa=chance.random() < 0.5,
            max_sign_in_age=chance.choice([None, 60, 3600]),
            read_only_policy=chance.choice(TEXTS),
            read_only_policy_arns=[chance.choice(TEXTS)],
        )
        for name, path in zip(NAMES, ("/", "/a/", "/a/b/", "/"), strict=True)
    ]
    accounts = [
        account(
            chance.choice(TEXTS),
            f"{number:012}",
            environment=chance.choice(["", "a", "b"]),
            organizational_unit=unit,
            tags={"team": chance.choice(TEXTS), "n": "1"},
            active=number % 5 > 0,
            partition=chance.choice(["aws", "aws-cn"]),
        )
        for number, unit in enumerate(["", "a", "a/b", "a/b/c", "ab"] * 3)
    ]
    for where, what in product(accounts, sets):
        if chance.random() < 0.7:
            role = offer(where, what, iam_role_name=chance.choice(["", "", *NAMES]))
            if outcome := {1: "works", 2: "broken"}.get(role.pk % 4):
                TrustCheck.objects.create(account_role=role, outcome=outcome, tested_at=NOON)
    for number in range(200):
        match = chance.choice(list(Match))
        mapping = Mapping.objects.create(
            name=f"{chance.choice(TEXTS)} {number}",
            issuer=chance.choice([None, None, *issuers]),
            claim=chance.choice(CLAIMS),
            match=match,
            value="x-{role}" if match == Match.TEMPLATE else chance.choice(TEXTS),
            permission_set=None if match == Match.TEMPLATE else chance.choice(sets),
            console=chance.random() < 0.5,
            keys=chance.random() < 0.5,
            enabled=chance.random() < 0.8,
            expires_at=chance.choice([None, NOON, NOON + timedelta(microseconds=1)]),
        )
        for _ in range(chance.randrange(4)):
            where = chance.choice(accounts)
            target: dict[str, object] = chance.choice(
                [
                    {"kind": "all"},
                    {"kind": "account", "account": where},
                    {"kind": "unit", "unit": chance.choice(["a", "a/b"])},
                    {"kind": "tag", "tag_key": "team", "tag_value": "a"},
                    {"kind": "environment", "environment": Environment.objects.get(name="a")},
                ]
            )
            MappingTarget.objects.create(mapping=mapping, **target)


def of_issuer(issuer: str | None, path: str = "") -> Q:
    if issuer is None:
        return Q(**{f"{path}issuer": None})
    return Q(**{f"{path}issuer__url": issuer, f"{path}issuer__enabled": True})


def test_blocked_is_who_an_admin_blocked_and_nobody_else() -> None:
    for issuer, sub in (CI, "a"), (OTHER, "it's"), (OTHER, "%"):
        Block.objects.create(issuer=issuer, sub=sub, reason="left")
    for claim, value in ("groups", "a"), ("email", "it's"):
        Block.objects.create(claim=claim, value=value, reason="left")

    for issuer, sub in product((CI, OTHER, "nobody", ""), ("a", "A", "it's", "%", "")):
        reaching = Block.objects.filter(Q(issuer=issuer, sub=sub) | Q(sub=""))

        expected = sorted(reaching.values_list("claim", "value"))
        assert sorted(sql.blocks(issuer=issuer, sub=sub)) == expected, (issuer, sub)


@pytest.mark.usefixtures("_company")
def test_claims_in_use_are_those_of_the_orm() -> None:
    for issuer in (None, CI, OTHER, "nobody"):
        expected = Mapping.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=NOON), of_issuer(issuer), enabled=True
        )

        found = sql.claims_in_use(now=NOON, issuer=issuer)

        assert sorted(found) == sorted(set(expected.values_list("claim", flat=True))), issuer
        assert bool(found) == (issuer in (None, CI))


@pytest.mark.usefixtures("_company")
def test_rows_of_rules_are_those_of_the_orm() -> None:
    claims_asked: list[tuple[str, ...]] = [CLAIMS[:1], CLAIMS, ("nobody",)]
    texts_asked: list[tuple[str, ...]] = [("a",), ("a", "a/b"), TEXTS, ("b",)]
    counts = set()
    for claims, texts, issuer, role_name in product(
        claims_asked, texts_asked, (None, CI, OTHER), (None, "a", "nobody", "it's")
    ):
        targets = MappingTarget.objects.filter(
            of_issuer(issuer, "mapping__"),
            Q(mapping__match=Match.EXACT, mapping__value__in=texts)
            | ~Q(mapping__match=Match.EXACT)
            | ~Q(mapping__split=""),
            Q(mapping__expires_at=None) | Q(mapping__expires_at__gt=NOON),
            mapping__claim__in=claims,
            mapping__enabled=True,
        )
        if role_name is not None:
            targets = targets.filter(
                Q(mapping__permission_set=None) | Q(mapping__permission_set__name=role_name)
            )
        in_order = targets.order_by("mapping__name", "mapping_id", "id")

        found = sql.rules_in_force(
            claims=claims, texts=texts, now=NOON, role_name=role_name, issuer=issuer
        )

        asked = (claims, texts, issuer, role_name)
        assert found == list(in_order.values_list(*rules.COLUMNS)), asked
        assert all(type(value) is bool for row in found for value in row[6:8])
        counts.add(len(found))
    # The company is such that they differ.
    assert len(counts) > 10


@pytest.mark.usefixtures("_company")
def test_row_of_a_role_is_that_of_the_orm() -> None:
    offered = AccountRole.objects.filter(account__active=True).order_by("pk")
    roles = AccountRole.objects.select_related("account", "permission_set")
    assert 0 < offered.count() < roles.count()
    assert 0 < offered.filter(trust_check=None).count() < offered.count()
    columns = (*directory.COLUMNS, *directory.RULE_COLUMNS)
    for role in roles:
        account_id, role_name = role.account.account_id, role.permission_set.name
        arn = parse_role_arn(role.arn)
        iam_name = Q(iam_role_name=arn.name) | Q(iam_role_name="", permission_set__name=arn.name)
        one_account = offered.filter(account__account_id=account_id)
        same_arn = one_account.filter(
            iam_name, account__partition=arn.partition, permission_set__iam_path=arn.path
        )

        by_name = sql.role_by_name(account_id=account_id, role_name=role_name)
        by_arn = sql.role_by_arn(arn)

        rows = one_account.filter(permission_set__name=role_name)
        assert by_name == rows.values_list(*columns).first(), role
        assert by_arn == same_arn.values_list(*columns).first(), role
        assert (by_name is not None) == role.account.active
        if by_name is not None:
            assert [
                type(by_name[column]) for column in (8, 16, 17, 18, 21, 24, 28, 29, 31, 33)
            ] == [
                dict,
                bool,
                bool,
                bool,
                list,
                bool,
                dict,
                list,
                list,
                list,
            ]


@pytest.mark.usefixtures("_company")
def test_role_that_is_not_there_has_no_row() -> None:
    for arn in (
        "arn:aws:iam::999999999999:role/a/a",
        "arn:aws-us-gov:iam::000000000001:role/Look",
        "arn:aws:iam::000000000001:role/elsewhere/Look",
        "arn:aws:iam::000000000001:role/look",
    ):
        assert sql.role_by_arn(parse_role_arn(arn)) is None, arn
    assert sql.role_by_name(account_id="000000000001", role_name="look") is None
