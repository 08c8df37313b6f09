"""What is decided for any company and any claims is what a naive model of the design's words says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.entitlements import resolve
from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    TrustedIssuer,
)
from accounts.types import Entitlement, Subject
from tests.accounts import brute_force

Record = dict[str, Any]

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ACCOUNT_IDS = ["123456789012", "012345678901", "111111111111", "234567890123"]
SETS = ["ReadOnly", "readonly", "Admin", "x"]
ENVIRONMENTS = ["production", "dev"]
# Prefixes of each other, other cases, and what LIKE gives a meaning.
UNITS = ["", "Work", "Workloads", "workloads", "Workloads/Pay", "Workloads/Payments", "W_rk%", "W%"]
TAGS = ["team", "Team", "1", 'a"b', "a'b", "a.b", "aws:x", "é", "$", "[0]", "\\", "%s"]
TAG_VALUES = ["payments", "Payments", "", "1", "true", "null"]
CLAIMS = ["groups", "roles", "realm_access.roles", "https://northwind.example/a.b", "a.b.c", "a:b"]
WORDS = [
    "payments",
    "Payments",
    "payments\n",
    "café",
    "cafe\u0301",
    "p.y",
    "(a+)+",
    "a*",
    "*",
    "🚪",
    "{role}",
]
TEMPLATES = [
    "{role}",
    "{role}",
    "aws-{account_id}-{role}",
    "aws-{account_id}-{role}",
    "{account}-{role}",
    "{environment}/{account}/{role}",
    "arn:{partition}:iam::{account_id}:role/{role}",
    "arn:{partition}:iam::{account_id}:role/{role}",
    "arn:aws:iam::123456789012:role/{role}",
    "{account_id}",
    "{account_id}{account_id}",
    "(a+)+{partition}*{role}",
    "payments",
    "{nope}-{account_id}-{role}",
    "{}{{role}}",
]
WILDCARDS = ["*", "pay*", "*ments", "p*y*s", "p.*", "a**", "aws-*-*", "*\n", "payments", "[a-z]*"]

# Also as issuers of workloads: a person and a workload of one issuer are never the same to a mapping.
ISSUERS = ["https://id.northwind.example", "https://northwind.okta.com"]

often = st.sampled_from([True] * 8 + [False])


@st.composite
def mappings(draw: st.DrawFn, number: int, sets: list[str], accounts: list[Record]) -> Record:
    match = draw(st.sampled_from(["exact", "wildcard", "template", "template"]))
    pool = {"exact": WORDS, "wildcard": WILDCARDS, "template": TEMPLATES}[match]
    value = draw(st.sampled_from(pool))
    # What the tables refuse cannot be stored: only a template with {role} does without a set.
    no_set = st.none() if match == "template" and "{role}" in value else st.nothing()
    return {
        "name": f"mapping {number}",
        "issuer": draw(st.sampled_from([None] * 4 + ISSUERS)),
        "claim": draw(st.sampled_from(CLAIMS[:2]) | st.sampled_from(CLAIMS)),
        "match": match,
        "value": value,
        "permission_set": draw(no_set | st.sampled_from(sets)),
        "console": draw(often),
        "keys": draw(often),
        "enabled": draw(st.sampled_from([True, True, True, False])),
        "expires_at": draw(
            st.sampled_from([None, NOW - SECOND, NOW, NOW + SECOND, NOW + SECOND, None, None])
        ),
        "targets": draw(st.just([{"kind": "all"}]) | st.lists(targets(accounts), max_size=3)),
    }


def targets(accounts: list[Record]) -> st.SearchStrategy[Record]:
    """Targets that mostly reach one of these accounts, or would almost."""
    units = {account["organizational_unit"] for account in accounts}
    units |= {unit.rpartition("/")[0] for unit in units}
    tags = {pair for account in accounts for pair in account["tags"].items()}
    names = [account["account_id"] for account in accounts]
    return st.one_of(
        st.just({"kind": "all"}),
        st.fixed_dictionaries({"kind": st.just("account"), "account": st.sampled_from(names)}),
        st.fixed_dictionaries(
            {"kind": st.just("environment"), "environment": st.sampled_from(ENVIRONMENTS)}
        ),
        st.sampled_from([*sorted(units - {""}), *UNITS[1:3]]).map(
            lambda unit: {"kind": "unit", "unit": unit}
        ),
        (
            st.sampled_from([*sorted(tags), ("team", "payments")])
            | st.tuples(st.sampled_from(TAGS), st.sampled_from(TAG_VALUES))
        ).map(lambda pair: {"kind": "tag", "tag_key": pair[0], "tag_value": pair[1]}),
    )


@st.composite
def companies(draw: st.DrawFn) -> Record:
    ids = draw(st.lists(st.sampled_from(ACCOUNT_IDS), min_size=1, max_size=3, unique=True))
    sets = draw(st.lists(st.sampled_from(SETS), min_size=1, max_size=3, unique=True))
    accounts = [
        {
            "account_id": account_id,
            "name": draw(st.sampled_from(["payments", "a-b", "a", "{role}", "line\nbreak"])),
            "partition": draw(st.sampled_from(["aws", "aws", "aws-cn"])),
            "environment": draw(st.none() | st.sampled_from(ENVIRONMENTS)),
            "organizational_unit": draw(st.sampled_from([*UNITS, "Workloads/Payments/EU"])),
            "tags": draw(
                st.dictionaries(st.sampled_from(TAGS), st.sampled_from(TAG_VALUES), max_size=3)
            ),
            "active": draw(often),
        }
        for account_id in ids
    ]
    permission_sets = [
        {
            "name": name,
            "iam_path": draw(st.sampled_from(["/", "/gatehouse/", "/a/b:c*/"])),
            "console": draw(often),
            "keys": draw(often),
        }
        for name in sets
    ]
    roles = [
        {
            "account": account_id,
            "permission_set": name,
            "iam_role_name": draw(st.sampled_from(["", "", "Legacy", "Admin"])),
        }
        for account_id in ids
        for name in sets
        if draw(often)
    ]
    count = draw(st.integers(min_value=3, max_value=8))
    return {
        "accounts": accounts,
        "permission_sets": permission_sets,
        "roles": roles,
        "issuers": {url: draw(often) for url in ISSUERS},
        "mappings": [draw(mappings(number, sets, accounts)) for number in range(count)],
    }


def fitting(company: Record, mapping: Record) -> list[str]:
    """Values that this mapping is about: those that fit for some role, whether or not it is reached."""
    by_id = {account["account_id"]: account for account in company["accounts"]}
    by_name = {offered["name"]: offered for offered in company["permission_sets"]}
    if mapping["match"] == "exact":
        return [mapping["value"]]
    if mapping["match"] == "wildcard":
        return [mapping["value"].replace("*", filling) for filling in ("", "payments", "-", "\n")]
    made = [
        brute_force.filled_in(
            mapping["value"], by_id[role["account"]], by_name[role["permission_set"]], role
        )
        for role in company["roles"]
    ]
    return [value for value in made if value] or [mapping["value"]]


@st.composite
def claims_for(draw: st.DrawFn, company: Record) -> Record:
    """Claims that mostly say something to the mappings, in every shape."""
    by_path: dict[str, list[str]] = {}
    for mapping in company["mappings"]:
        by_path.setdefault(mapping["claim"], []).extend(fitting(company, mapping))
    claims: Record = {}
    for path, fit in by_path.items():
        good = st.sampled_from(fit)
        off = st.one_of(
            good.map(str.swapcase),
            good.map("{}\n".format),
            good.map("x{}".format),
            good.map(lambda value: value[1:]),
            good.map(lambda value: value[:-1]),
            st.sampled_from(WORDS),
            st.text(),
        )
        junk: st.SearchStrategy[Any] = st.sampled_from(
            [None, 7, True, "", "a\x00", ["payments"], {}]
        )
        shapes = ["fit", "fit", "fit", "near", "near", "near", "one", "junk", "odd"]
        shape = draw(st.sampled_from(shapes))
        if shape == "fit":
            found: Any = draw(st.lists(good | off, min_size=1, max_size=4))
        elif shape == "near":
            found = draw(st.lists(off, min_size=1, max_size=8))
        elif shape == "one":
            found = draw(good)
        elif shape == "junk":
            found = draw(st.lists(good | off | junk, max_size=6))
        else:
            found = draw(st.sampled_from([None, 7, True, {}, {"x": fit}, "", [], [fit]]))
        ways = st.sampled_from(brute_force.ways_to_read(path))
        if draw(st.booleans()):
            put(claims, draw(ways), draw(st.lists(good | off, max_size=3)))
        put(claims, draw(ways), found)
    incomplete = draw(st.sampled_from(["", "", "", "has", "has", "names", "full"]))
    if incomplete == "has":
        claims["hasgroups"] = draw(st.sampled_from([True, "true", True, False]))
    if incomplete == "names":
        claims["_claim_names"] = draw(
            st.sampled_from(
                [
                    {"groups": "src1"},
                    {"groups": "x", "realm_access": "src1"},
                    {"a.b": "x"},
                    "groups",
                ]
            )
        )
    if incomplete == "full":
        claims["groups"] = [f"group-{number}" for number in range(97)] + draw(
            st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True)
        )
    return claims


def put(claims: Record, keys: list[str], found: Any) -> None:
    *way, last = keys
    for key in way:
        inner = claims.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        claims = inner
    claims[last] = found


def build(company: Record) -> None:
    """Write a company past the forms: whatever the tables take has to be decided rightly."""
    names = {account["environment"] for account in company["accounts"]} | set(ENVIRONMENTS)
    environments = {
        name: Environment.objects.create(name=name, label=name) for name in names if name
    }
    accounts = {
        row["account_id"]: Account.objects.create(
            **{**row, "environment": environments.get(row["environment"])}
        )
        for row in company["accounts"]
    }
    sets = {row["name"]: PermissionSet.objects.create(**row) for row in company["permission_sets"]}
    AccountRole.objects.bulk_create(
        AccountRole(
            account=accounts[row["account"]],
            permission_set=sets[row["permission_set"]],
            iam_role_name=row["iam_role_name"],
        )
        for row in company["roles"]
    )
    things: dict[str, dict[str, Any]] = {"account": accounts, "environment": environments}
    issuers = {
        url: TrustedIssuer.objects.create(name=url, url=url, audiences=["x"], enabled=enabled)
        for url, enabled in company["issuers"].items()
    }
    for row in company["mappings"]:
        mapping = Mapping.objects.create(
            **{
                **{key: value for key, value in row.items() if key != "targets"},
                "permission_set": sets.get(row["permission_set"]),
                "issuer": issuers.get(row["issuer"]),
            }
        )
        MappingTarget.objects.bulk_create(
            MappingTarget(
                mapping=mapping,
                **{key: things.get(key, {}).get(value, value) for key, value in target.items()},
            )
            for target in row["targets"]
        )


def as_record(granted: Entitlement) -> Record:
    return {
        "console": granted.console,
        "keys": granted.keys,
        "reasons": {reason.label: {reason.value} for reason in granted.reasons},
    }


class AnyCompany(TestCase):
    """Hypothesis with a transaction an example."""

    @given(data=st.data())
    def test_resolve_gives_what_the_model_gives(self, data: st.DataObject) -> None:
        company = data.draw(companies(), label="company")
        claims = data.draw(claims_for(company), label="claims")
        issuer = data.draw(st.sampled_from(ISSUERS), label="issuer")
        workload = data.draw(st.sampled_from([False, False, True]), label="workload")
        subject = Subject(issuer=issuer, sub="somebody", claims=claims, workload=workload)
        build(company)

        meant = brute_force.entitlements(
            company, claims=claims, issuer=issuer, now=NOW, workload=workload
        )
        event(f"{min(len(meant), 3)} or more account roles given")

        self.check(resolve(subject=subject, now=NOW).granted, meant)
        for account in company["accounts"]:
            account_id = account["account_id"]
            self.check(
                resolve(subject=subject, now=NOW, account_id=account_id).granted,
                {where: found for where, found in meant.items() if where[0] == account_id},
            )
            for role_name in {*(offered["name"] for offered in company["permission_sets"]), "x"}:
                where = (account_id, role_name)
                self.check(
                    resolve(
                        subject=subject, now=NOW, account_id=account_id, role_name=role_name
                    ).granted,
                    {where: meant[where]} if where in meant else {},
                )

    def check(self, granted: tuple[Entitlement, ...], meant: dict[tuple[str, str], Record]) -> None:
        found = {(one.role.account_id, one.role.role_name): as_record(one) for one in granted}

        assert len(found) == len(granted)
        assert found.keys() == meant.keys()
        for where, one in found.items():
            assert (one["console"], one["keys"]) == (meant[where]["console"], meant[where]["keys"])
            assert one["reasons"].keys() == meant[where]["reasons"].keys()
            for mapping, value in one["reasons"].items():
                assert value <= meant[where]["reasons"][mapping]
