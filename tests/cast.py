"""The cast: alice the developer, bob on call, carol the portal admin, mallory entitled to nothing; and their company."""

from __future__ import annotations

import typing
from datetime import UTC, datetime
from typing import Any

from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import signins
from accounts.models import (
    Account,
    AccountRole,
    Block,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Person,
    SignIn,
)
from accounts.types import Origin, Subject, Surface
from portal.request import GatehouseRequest

ISSUER = "https://id.northwind.example"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GROUPS = {
    "alice": ["payments", "platform"],
    "bob": ["on-call", "approvers"],
    "carol": ["portal-admins"],
    "mallory": ["visitors"],
}
ORIGIN = Origin(surface=Surface.PAGES, ip="192.0.2.7", user_agent="pytest", request_id="request-1")


def subject(name: str, **claims: Any) -> Subject:
    """Return one of the cast as the provider vouches for them; claims replace or add to theirs."""
    return Subject(
        issuer=ISSUER,
        sub=f"sub-{name}",
        name=name.title(),
        email=f"{name}@northwind.example",
        email_verified=True,
        claims={"groups": GROUPS.get(name, []), **claims},
    )


def sign_in(who: str | Subject, *, now: datetime | None = None) -> SignIn:
    """Complete a sign-in without a provider: the row that the provider's callback would leave."""
    somebody = subject(who) if isinstance(who, str) else who
    return signins.begin(
        subject=somebody,
        tokens=signins.ProviderTokens(),
        origin=ORIGIN,
        now=now or timezone.now(),
    )


def signed_in(who: str | Subject, *, now: datetime | None = None) -> Client:
    """Return a browser (Django's test client) in which somebody is signed in."""
    row = sign_in(who, now=now)
    client = Client()
    client.force_login(row.person)
    session = client.session
    session["sign_in"] = str(row.id)
    session.save()
    return client


def request(path: str, who: str | Subject = "", *, method: str = "GET") -> GatehouseRequest:
    """Return a request as a view gets it, of a stranger unless somebody is named."""
    made = typing.cast(GatehouseRequest, RequestFactory().generic(method, path))
    made.id = "request-1"
    made.sign_in, made.auth = sign_in(who) if who else None, None
    return made


def as_subject(who: str | Subject, *, now: datetime | None = None) -> Subject:
    """Return the subject of a fresh open sign-in, as a view would hand it to the door."""
    return signins.subject_of(sign_in(who, now=now))


def account(name: str, account_id: str, *, environment: str = "", **columns: Any) -> Account:
    """Add an account, with its environment where one is named."""
    row = None
    if environment:
        row, _ = Environment.objects.get_or_create(
            name=environment, defaults={"label": environment.title()}
        )
    return Account.objects.create(name=name, account_id=account_id, environment=row, **columns)


def permission_set(name: str, **columns: Any) -> PermissionSet:
    """Add a permission set."""
    return PermissionSet.objects.create(name=name, **columns)


def offer(where: Account, what: PermissionSet, **columns: Any) -> AccountRole:
    """Put a permission set into an account."""
    return AccountRole.objects.create(account=where, permission_set=what, **columns)


def mapping(
    value: str, what: PermissionSet | None, *targets: Account | str, **columns: Any
) -> Mapping:
    """Add a mapping of the `groups` claim; targets are accounts, or "all"."""
    row = Mapping.objects.create(
        **{
            "name": f"{value} gives {what}",
            "claim": "groups",
            "value": value,
            "permission_set": what,
            **columns,
        }
    )
    for target in targets:
        if isinstance(target, str):
            MappingTarget.objects.create(mapping=row, kind=target)
        else:
            MappingTarget.objects.create(mapping=row, kind="account", account=target)
    return row


def block(who: Subject | Person) -> Block:
    """Block an identity, as an admin does, without ending its sign-ins."""
    return Block.objects.create(issuer=who.issuer, sub=who.sub, reason="left", created_by="carol")


def block_everybody() -> None:
    """Block all identities that the portal has seen."""
    for person in Person.objects.all():
        block(person)


def northwind() -> None:
    """Build a small company: two accounts, two permission sets, alice's and bob's groups mapped."""
    dev = account(
        "payments-dev",
        "210987654321",
        environment="development",
        organizational_unit="Workloads/Payments",
    )
    prod = account(
        "payments-prod",
        "123456789012",
        environment="production",
        organizational_unit="Workloads/Payments",
    )
    read_only = permission_set("ReadOnly", session_duration=8 * 3600)
    developer = permission_set("Developer", iam_path="/gatehouse/")
    operator = permission_set("Operator", privileged=True)
    for where in (dev, prod):
        offer(where, read_only)
    offer(dev, developer)
    offer(prod, operator)
    mapping("payments", developer, dev, name="Developers of payments")
    mapping("payments", read_only, dev, prod, name="Payments looks at its accounts")
    mapping("on-call", operator, prod, name="On call operates production")
