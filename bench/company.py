"""A company of any size: accounts in units by team, three environments, four roles in each account."""

from __future__ import annotations

import random
from datetime import datetime

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from accounts import favourites, signins
from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
)
from accounts.types import Origin, RoleRef, Subject, Surface

ISSUER = "https://id.northwind.example"
ROLES = ("ReadOnly", "Developer", "Billing", "Administrator")
TEAMS = (
    "payments",
    "platform",
    "search",
    "identity",
    "data",
    "ledger",
    "growth",
    "mobile",
    "fraud",
    "maps",
    "mail",
    "ads",
)
ENVIRONMENTS = {
    "dev": ("development", "green"),
    "stage": ("staging", "amber"),
    "prod": ("production", "red"),
}
STARRED, USED = 4, 5


def build(top: str, size: int, *, chance: random.Random) -> list[Account]:
    """Add accounts in units below `top`, and one mapping for each team and role.

    A group is named `top-team-role`; whoever is in all of them has every role in every account.
    """
    environments = {
        short: Environment.objects.get_or_create(
            name=name, defaults={"label": name.title(), "colour": colour}
        )[0]
        for short, (name, colour) in ENVIRONMENTS.items()
    }
    sets = [
        PermissionSet.objects.get_or_create(
            name=role,
            defaults={"privileged": role == "Administrator", "description": f"{role} of a team"},
        )[0]
        for role in ROLES
    ]
    ids = chance.sample(range(10**11, 10**12), size)
    shorts = list(environments)
    accounts = [
        Account(
            account_id=str(account_id),
            name=f"{(team := TEAMS[number // 3 % len(TEAMS)])}-{top}-{number // 3 // len(TEAMS):02}-{shorts[number % 3]}".lower(),
            environment=environments[shorts[number % 3]],
            organizational_unit=f"{top}/{team.title()}",
            tags={"team": team, "cost-centre": str(4000 + number % 40)},
            region="eu-west-1",
        )
        for number, account_id in enumerate(ids)
    ]
    Account.objects.bulk_create(accounts, batch_size=500)
    AccountRole.objects.bulk_create(
        [AccountRole(account=account, permission_set=one) for account in accounts for one in sets],
        batch_size=500,
    )
    for team in TEAMS:
        for one in sets:
            group = f"{top}-{team}-{one.name}".lower()
            mapping = Mapping.objects.create(name=group, value=group, permission_set=one)
            MappingTarget.objects.create(mapping=mapping, kind="unit", unit=f"{top}/{team.title()}")
    return accounts


def signed_in(name: str, top: str, accounts: list[Account], *, now: datetime) -> str:
    """Sign in somebody who has every role below `top`, with favourites and uses; return the cookie's value."""
    groups = [f"{top}-{team}-{role}".lower() for team in TEAMS for role in ROLES]
    sign_in = signins.begin(
        subject=Subject(
            issuer=ISSUER,
            sub=name,
            name=name.title(),
            email=f"{name}@northwind.example",
            email_verified=True,
            claims={"groups": ["everyone", *groups]},
        ),
        tokens=signins.ProviderTokens(id_token="x" * 2000, refresh_token="y" * 500),
        origin=Origin(surface=Surface.PAGES),
        now=now,
    )
    for account in accounts[:STARRED]:
        favourites.star(person=sign_in.person, role=RoleRef(account.account_id, "Developer"))
    for account in accounts[STARRED : STARRED + USED]:
        favourites.remember_use(
            person=sign_in.person,
            account_id=account.account_id,
            role_name="ReadOnly",
            duration=3600,
            now=now,
        )
    session: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session["_auth_user_id"] = str(sign_in.person.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = sign_in.person.get_session_auth_hash()
    session["sign_in"] = str(sign_in.id)
    session.create()
    session.save()
    return str(session.session_key)


def a_role_arn(top: str, groups: tuple[str, ...]) -> str:
    """Return the ARN of a role below `top` that somebody in these groups has."""
    mapping = Mapping.objects.filter(value__in=groups, value__startswith=top.lower()).first()
    assert mapping, f"nobody of {top} is in these groups"
    role = AccountRole.objects.select_related("account", "permission_set").filter(
        account__organizational_unit=mapping.targets.get().unit,
        permission_set=mapping.permission_set,
    )
    return role[0].arn
