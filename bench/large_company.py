"""The largest company that Gatehouse is measured with, of any size: accounts, permission sets, mappings, people.

    build(LARGE)   # in an empty database: 5,000 accounts, 100,000 account roles, 20,000 mappings
    build(Size(accounts=50, permission_sets=4, mappings=200, people=20))

The same size always gives the same company, so numbers can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Person,
    SignIn,
)

ISSUER = "https://id.northwind.example"
TOP = "Workloads"
TEAMS = 250
GROUPS = 2_000
"""How many groups `many_groups` names: a token that is nearly too large."""
_ENVIRONMENTS = {
    "development": ("Development", "green"),
    "staging": ("Staging", "amber"),
    "production": ("Production", "red"),
}
_PRIVILEGED = 5
_BATCH = 900


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. Each permission set is offered in each account."""

    accounts: int = 5_000
    permission_sets: int = 20
    mappings: int = 20_000
    people: int = 0
    groups_of_a_person: int = 30


LARGE = Size(people=2_000)


def build(size: Size = LARGE, *, now: datetime | None = None) -> None:
    """Store the company: nothing else may be in the directory. Statements, not signals: fast."""
    accounts = _accounts(size.accounts)
    sets = _permission_sets(size.permission_sets)
    AccountRole.objects.bulk_create(
        (AccountRole(account=account, permission_set=one) for account in accounts for one in sets),
        batch_size=_BATCH,
    )
    _mappings(size.mappings, accounts, sets)
    _people(size, now or timezone.now())


def account_id(number: int) -> str:
    """Return the id of an account by its number, from 0."""
    return f"{100_000_000_000 + 7 * number}"


def set_name(number: int) -> str:
    """Return the name of a permission set by its number, from 0. The first five are privileged."""
    return f"Role{number:02}"


def group(number: int) -> str:
    """Return the group of a mapping by the mapping's number, from 0."""
    return f"team-{number:05}"


def many_groups(count: int = GROUPS) -> list[str]:
    """Return the groups of somebody who is in very many: the first ones are of mappings, each tenth of none."""
    return [
        f"mailing-list-{number:05}" if number % 10 == 9 else group(number)
        for number in range(count)
    ]


def _accounts(count: int) -> list[Account]:
    environments = [
        Environment.objects.create(name=name, label=label, colour=colour)
        for name, (label, colour) in _ENVIRONMENTS.items()
    ]
    return Account.objects.bulk_create(
        [
            Account(
                account_id=account_id(number),
                name=f"team-{number % TEAMS:03}-{environments[number % 3].name}-{number:05}",
                environment=environments[number % 3],
                organizational_unit=f"{TOP}/Division{number % TEAMS % 10}/Team{number % TEAMS:03}",
                tags={"team": f"team-{number % TEAMS:03}", "cost-centre": str(4000 + number % 40)},
                region="eu-west-1",
            )
            for number in range(count)
        ],
        batch_size=_BATCH,
    )


def _permission_sets(count: int) -> list[PermissionSet]:
    return PermissionSet.objects.bulk_create(
        [
            PermissionSet(
                name=set_name(number),
                description=f"Role {number} of a team",
                privileged=number < _PRIVILEGED,
            )
            for number in range(count)
        ]
    )


def _mappings(count: int, accounts: Sequence[Account], sets: Sequence[PermissionSet]) -> None:
    """Store mappings: of 200, one is a template and one has a pattern; most name accounts one by one."""
    mappings = Mapping.objects.bulk_create(
        [_mapping(number, sets) for number in range(count)], batch_size=_BATCH
    )
    environments = list(Environment.objects.all())
    MappingTarget.objects.bulk_create(
        (
            target
            for number, mapping in enumerate(mappings)
            for target in _targets(number, mapping, accounts, environments)
        ),
        batch_size=_BATCH,
    )


def _mapping(number: int, sets: Sequence[PermissionSet]) -> Mapping:
    name = f"mapping {number:05}"
    match number % 200:
        case 198:
            value = f"team-{number:05}-*"
            return Mapping(
                name=name, match="wildcard", value=value, permission_set=sets[number % len(sets)]
            )
        case 199:
            value = f"aws{number:05}-{{account_id}}-{{role}}"
            return Mapping(name=name, match="template", value=value)
    return Mapping(name=name, value=group(number), permission_set=sets[number % len(sets)])


def _targets(
    number: int,
    mapping: Mapping,
    accounts: Sequence[Account],
    environments: Sequence[Environment],
) -> Iterable[MappingTarget]:
    team = number % TEAMS
    match number % 50:
        case 46:
            yield MappingTarget(
                mapping=mapping, kind="environment", environment=environments[number % 2]
            )
        case 47:
            yield MappingTarget(
                mapping=mapping, kind="tag", tag_key="team", tag_value=f"team-{team:03}"
            )
        case 48:
            yield MappingTarget(
                mapping=mapping, kind="unit", unit=f"{TOP}/Division{team % 10}/Team{team:03}"
            )
        case 49:
            yield MappingTarget(mapping=mapping, kind="all")
        case _:
            for step in range(1 + number % 3):
                account = accounts[(number * 7 + step * 101) % len(accounts)]
                yield MappingTarget(mapping=mapping, kind="account", account=account)


def _people(size: Size, now: datetime) -> None:
    """Store people who have signed in, in turn each day of the last year."""
    moments = [now - timedelta(days=number % 365) for number in range(size.people)]
    people = Person.objects.bulk_create(
        [
            Person(
                issuer=ISSUER,
                sub=f"person-{number:05}",
                name=f"Person {number:05}",
                email=f"person-{number:05}@northwind.example",
                email_verified=True,
                last_login=at,
            )
            for number, at in enumerate(moments)
        ],
        batch_size=_BATCH,
    )
    signed_in = (
        SignIn(
            person=person,
            claims={"groups": _groups_of(number, size)},
            started_at=at,
            verified_at=at,
            last_used_at=at,
            expires_at=at + timedelta(hours=10),
        )
        for number, (person, at) in enumerate(zip(people, moments, strict=True))
    )
    while batch := list(islice(signed_in, _BATCH)):
        SignIn.objects.bulk_create(batch)


def _groups_of(number: int, size: Size) -> list[str]:
    return [
        group((number * 31 + step * 977) % max(size.mappings, 1))
        for step in range(size.groups_of_a_person)
    ]
