"""Names of profiles: on pages and in the command the same, and no name for two roles."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from accounts.models import Account
from accounts.types import OfferedRole
from gatehouse_client.profiles import profiles_of
from portal.pages.profile_names import names_of
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


def in_the_command(roles: list[OfferedRole], *, by_id: bool) -> list[str]:
    answered = [
        {
            name: getattr(role, name)
            for name in ("account_id", "account_name", "role_name", "region")
        }
        for role in roles
    ]
    return [one.name for one in profiles_of("https://aws.example.com", answered, by_id=by_id)]


def test_each_role_has_a_name_of_its_own_and_the_command_has_the_same() -> None:
    assert [*names_of(ROLES, style="account_name").values()] == BY_NAME
    assert in_the_command(ROLES, by_id=False) == BY_NAME


def test_names_by_id_are_those_of_the_access_portal() -> None:
    names = [f"{role.account_id}_{role.role_name}" for role in ROLES]

    assert [*names_of(ROLES, style="account_id").values()] == names
    assert in_the_command(ROLES, by_id=True) == names


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
    client.post("/preferences", {"profile_names": "account_id"})
    assert profile() == "210987654321_ReadOnly"
    client.post("/preferences", {"profile_names": "<nonsense>"})
    assert profile() == "payments-dev_ReadOnly"

    other = Account.objects.get(account_id="123456789012")
    other.name = "payments-dev"
    other.save()
    assert profile() == "210987654321_ReadOnly"
