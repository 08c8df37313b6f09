"""The directory narrows by rules and never decides: too much is harmless, too little is not."""

from __future__ import annotations

import pytest

from accounts.directory import offered_roles
from accounts.matching import Rule, Targets
from accounts.models import Account, AccountRole
from accounts.patterns import Match
from accounts.types import Environment, OfferedRole
from tests.cast import account, offer, permission_set

pytestmark = pytest.mark.django_db


def rule(
    targets: Targets,
    *,
    role_name: str | None = "ReadOnly",
    match: Match = Match.EXACT,
    value: str = "payments",
) -> Rule:
    return Rule(
        mapping_id=1,
        name="a mapping",
        claim="groups",
        match=match,
        value=value,
        role_name=role_name,
        targets=targets,
        console=True,
        keys=True,
    )


def offered(*rules: Rule, values: set[str] | None = None, **asked: str) -> list[tuple[str, str]]:
    present = None if values is None else {"groups": frozenset(values)}
    return [
        (role.account_name, role.role_name)
        for role in offered_roles(rules=rules, values=present, **asked)
    ]


@pytest.mark.usefixtures("northwind")
def test_without_rules_nothing_is_offered() -> None:
    assert offered() == []


@pytest.mark.usefixtures("northwind")
def test_a_rule_that_reaches_nothing_offers_nothing() -> None:
    assert offered(rule(Targets())) == []


@pytest.mark.usefixtures("northwind")
def test_inactive_accounts_are_not_offered() -> None:
    Account.objects.filter(name="payments-prod").update(active=False)

    assert offered(rule(Targets(everything=True))) == [("payments-dev", "ReadOnly")]


@pytest.mark.usefixtures("northwind")
@pytest.mark.parametrize(
    ("targets", "names"),
    [
        (Targets(accounts=frozenset({"210987654321"})), ["payments-dev"]),
        (Targets(environments=frozenset({"production"})), ["payments-prod"]),
        (
            Targets(organizational_units=frozenset({"Workloads"})),
            ["payments-dev", "payments-prod"],
        ),
        (Targets(organizational_units=frozenset({"Work"})), []),
        (Targets(everything=True), ["payments-dev", "payments-prod"]),
    ],
)
def test_only_accounts_that_are_reached_are_read(targets: Targets, names: list[str]) -> None:
    assert offered(rule(targets)) == [(name, "ReadOnly") for name in names]


@pytest.mark.usefixtures("northwind")
def test_each_permission_set_has_its_own_accounts() -> None:
    dev = rule(Targets(accounts=frozenset({"210987654321"})))
    prod = rule(Targets(accounts=frozenset({"123456789012"})), role_name="Operator")

    assert offered(dev, prod) == [("payments-dev", "ReadOnly"), ("payments-prod", "Operator")]


@pytest.mark.usefixtures("northwind")
def test_a_template_narrows_to_the_accounts_that_values_name() -> None:
    by_name = rule(
        Targets(everything=True),
        role_name=None,
        match=Match.TEMPLATE,
        value="aws-{account_id}-{role}",
    )

    assert offered(by_name, values={"x"}) == []
    assert offered(by_name, values={"aws-210987654321-x"}) == [
        ("payments-dev", "Developer"),
        ("payments-dev", "ReadOnly"),
    ]
    assert len(offered(by_name)) == 4


@pytest.mark.usefixtures("northwind")
def test_one_account_or_role_can_be_asked_for() -> None:
    everything = rule(Targets(everything=True))

    assert offered(everything, account_id="123456789012") == [("payments-prod", "ReadOnly")]
    assert offered(everything, role_name="Developer") == []


def test_an_offered_role_holds_all_of_it() -> None:
    where = account(
        "payments-prod",
        "123456789012",
        environment="production",
        organizational_unit="Workloads",
        tags={"b": "2", "a": "1"},
        region="eu-west-1",
        external_id="shared-with-the-hub",
    )
    what = permission_set(
        "ReadOnly",
        iam_path="/gatehouse/",
        description="Look",
        session_duration=7200,
        destination="https://console.aws.amazon.com/s3/",
        privileged=True,
        keys=False,
    )
    row = offer(where, what, iam_role_name="Legacy")

    (found,) = offered_roles(rules=[rule(Targets(everything=True))])

    assert found == OfferedRole(
        id=row.pk,
        account_id="123456789012",
        account_name="payments-prod",
        partition="aws",
        environment=Environment("production", "Production", "grey"),
        organizational_unit="Workloads",
        tags=(("a", "1"), ("b", "2")),
        region="eu-west-1",
        role_name="ReadOnly",
        iam_path="/gatehouse/",
        iam_role_name="Legacy",
        description="Look",
        session_duration=7200,
        destination="https://console.aws.amazon.com/s3/",
        privileged=True,
        console=True,
        keys=False,
        trust_method="hub",
        external_id="shared-with-the-hub",
    )
    assert found.arn == row.arn == "arn:aws:iam::123456789012:role/gatehouse/Legacy"
    assert "shared-with-the-hub" not in repr(found)


def test_an_account_without_environment_and_override_is_offered_as_it_is() -> None:
    offer(account("bare", "000000000001"), permission_set("ReadOnly"))

    (found,) = offered_roles(rules=[rule(Targets(everything=True))])

    assert found.environment is None
    assert found.iam_role_name == "ReadOnly"
    assert found.arn == AccountRole.objects.get().arn
    assert hash(found)
