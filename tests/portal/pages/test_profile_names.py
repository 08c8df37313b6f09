"""Names of profiles: as somebody wants them, and no name for two roles."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from accounts.models import Account
from accounts.profile_patterns import (
    DEFAULT_PATTERN,
    InvalidPattern,
    checked_pattern,
    profile_names,
)
from accounts.types import Environment
from tests import cast
from tests.portal.pages.issued import issued

ROLE = issued().entitlement.role
ROLES = [
    replace(ROLE, account_id=f"{number:012}", account_name=name, role_name=role_name)
    for number, (name, role_name) in enumerate(
        (
            ("payments-dev", "Developer"),
            ("payments prod [eu]", "Developer"),
            ("sandbox", "ReadOnly"),
            ("sandbox", "ReadOnly"),
            ("sandbox", "Developer"),
            ("a_b", "c"),
            ("a", "b_c"),
            ("000000000000", "Developer"),
            ("übung", "Developer"),
            ("ü", "Developer"),
            ("x" * 128, "Developer"),
        ),
        start=1,
    )
]
BY_NAME = [
    "payments-dev_Developer",
    "payments-prod-eu_Developer",
    "000000000003_ReadOnly",
    "000000000004_ReadOnly",
    "sandbox_Developer",
    "000000000006_c",
    "000000000007_b_c",
    "000000000008_Developer",
    "bung_Developer",
    "000000000010_Developer",
    "000000000011_Developer",
]


def test_each_role_has_a_name_of_its_own() -> None:
    assert [*profile_names(ROLES, pattern=DEFAULT_PATTERN).values()] == BY_NAME


def test_names_by_id_are_those_of_the_access_portal() -> None:
    names = [f"{role.account_id}_{role.role_name}" for role in ROLES]

    assert [*profile_names(ROLES, pattern="{account_id}_{role}").values()] == names


@pytest.mark.django_db
@pytest.mark.usefixtures("northwind", "aws")
def test_page_has_the_name_that_somebody_prefers_and_that_no_other_role_has() -> None:
    client = cast.signed_in("alice")
    role = {"account_id": "210987654321", "role_name": "ReadOnly"}

    def profile() -> str:
        page = client.post("/keys", role).content.decode()
        names = set(re.findall(r'<span class="profile-name">(.*?)</span>', page))
        assert len(names) == 1
        return str(names.pop())

    assert profile() == "payments-dev_ReadOnly"
    client.post("/preferences", {"profile_pattern": "{account_id}_{role}"})
    assert profile() == "210987654321_ReadOnly"
    client.post("/preferences", {"profile_pattern": ""})
    assert profile() == "payments-dev_ReadOnly"

    other = Account.objects.get(account_id="123456789012")
    other.name = "payments-dev"
    other.save()
    assert profile() == "210987654321_ReadOnly"


@pytest.mark.parametrize(
    "pattern",
    [
        "{role}",
        "{account}",
        "{account}_{role}_{nonsense}",
        "{account}_{role}{",
        "{account} {role}",
        "{account}_{role};",
        "[{account}]{role}",
        "ü{account}_{role}",
        "{account}_{role}" + "x" * 64,
    ],
)
def test_pattern_without_names_of_use_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        checked_pattern(pattern)


def test_name_that_is_anothers_by_id_or_means_something_to_aws_is_not_given() -> None:
    roles = [
        replace(ROLE, account_id="000000000001", account_name="Admin", role_name="000000000002"),
        replace(ROLE, account_id="000000000002", account_name="x", role_name="Admin"),
        replace(ROLE, account_id="000000000003", account_name="de", role_name="fault"),
    ]

    swapped = [*profile_names(roles[:2], pattern="{role}_{account}").values()]
    joined = [*profile_names(roles[2:], pattern="{account}{role}").values()]

    assert swapped == ["000000000001_000000000002", "Admin_x"]
    assert joined == ["000000000003_fault"]


def test_pattern_can_name_the_environment() -> None:
    role = replace(ROLE, environment=Environment("prod", "Production", "red"))

    [name] = profile_names([role], pattern="{environment}-{account}/{role}").values()

    assert name == "prod-payments-prod/AdministratorAccess"
