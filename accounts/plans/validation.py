"""What must hold before a plan is applied: the models' own rules, names that refer to something,
one ARN for each account role, one address for each issuer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from accounts.clashes import gives_nothing, same_arn
from accounts.models import Account, AccountRole, PermissionSet
from accounts.plans.complaints import Complaint, did_you_mean
from accounts.plans.entries import (
    AccountEntry,
    Directory,
    Entry,
    Identity,
    IssuerEntry,
    MappingEntry,
    PermissionSetEntry,
    identity_of,
    title_of,
)
from accounts.plans.model_rules import Fault, Path, faults_of
from accounts.plans.notation import quoted


def validate(entries: Sequence[Entry], *, stored: Directory) -> list[Complaint]:
    """Return everything that is wrong with these entries, were they applied to what is stored."""
    numbers: dict[Identity, int] = {}
    for number, entry in enumerate(entries):
        numbers.setdefault(identity_of(entry), number)
    after = {**stored, **{identity: entries[number] for identity, number in numbers.items()}}
    known: dict[str, set[str]] = defaultdict(set)
    for kind, name in after:
        known[kind].add(name)
    faults: list[tuple[int, Path, str]] = []
    for number, entry in enumerate(entries):
        if numbers[identity_of(entry)] != number:
            faults.append((number, (entry.identified_by,), "This entry is here twice."))
        faults += [(number, *fault) for fault in faults_of(entry)]
        faults += [(number, *fault) for fault in _dangling(entry, known)]
    faults += _clashing_roles(after, numbers)
    faults += _clashing_issuers(stored, after, numbers)
    return [
        Complaint(title=title_of(entries[number]), number=number, path=path, message=message)
        for number, path, message in faults
    ]


def _dangling(entry: Entry, known: Mapping[str, set[str]]) -> Iterator[Fault]:
    """Complain about every name that neither the plan nor the database knows."""
    for kind, name, path in _references(entry):
        if name and name not in known[kind]:
            # Nobody means a neighbouring number: account ids get no hint.
            hint = "" if kind == "account" else did_you_mean(name, known[kind])
            yield (
                path,
                f"There is no {kind} {quoted(name)}, neither here nor in the database.{hint}",
            )


def _references(entry: Entry) -> Iterator[tuple[str, str, Path]]:
    """Yield the kind and the name of each entry that this one refers to, and where it does."""
    match entry:
        case AccountEntry():
            yield "environment", entry.environment, ("environment",)
            for role in entry.roles:
                name = role.permission_set
                yield "permission_set", name, ("roles", name, "permission_set")
        case MappingEntry():
            yield "issuer", entry.issuer, ("issuer",)
            yield "permission_set", entry.permission_set, ("permission_set",)
            for name in sorted(entry.accounts.accounts):
                yield "account", name, ("accounts", "ids", name)
            for name in sorted(entry.accounts.environments):
                yield "environment", name, ("accounts", "environments", name)


def _clashing_roles(
    after: Directory, numbers: Mapping[Identity, int]
) -> Iterator[tuple[int, Path, str]]:
    """Complain where this plan would give one account two roles with the same ARN, or one that can give nothing."""
    sets = {
        entry.name: PermissionSet(
            name=entry.name, iam_path=entry.iam_path, console=entry.console, keys=entry.keys
        )
        for entry in after.values()
        if isinstance(entry, PermissionSetEntry)
    }
    for identity, entry in after.items():
        if not isinstance(entry, AccountEntry):
            continue
        roles = _roles(entry, sets)
        if identity in numbers and (useless := gives_nothing(roles)):
            yield numbers[identity], ("roles",), useless
        if not (clash := same_arn(roles)):
            continue
        if identity in numbers:
            yield numbers[identity], ("roles",), clash
            continue
        # The account is only stored: a permission set of the plan may have moved onto another.
        for role in roles:
            moved = numbers.get(("permission_set", role.permission_set.name))
            others = [other for other in roles if other is not role]
            if moved is not None and not same_arn(others):
                yield moved, ("iam_path",), clash
                break


def _roles(entry: AccountEntry, sets: Mapping[str, PermissionSet]) -> list[AccountRole]:
    account = Account(
        account_id=entry.account_id,
        name=entry.name,
        partition=entry.partition,
        trust_method=entry.trust_method,
    )
    return [
        AccountRole(
            account=account,
            permission_set=sets[role.permission_set],
            iam_role_name=role.iam_role_name,
        )
        for role in entry.roles
        if role.permission_set in sets
    ]


def _clashing_issuers(
    stored: Directory, after: Directory, numbers: Mapping[Identity, int]
) -> Iterator[tuple[int, Path, str]]:
    """Complain where two issuers would have one address: whose a token is must be certain."""
    named: dict[str, Identity] = {}
    for identity, entry in after.items():
        if not isinstance(entry, IssuerEntry) or not entry.url:
            continue
        other = named.setdefault(entry.url, identity)
        if other != identity:
            number = numbers[identity if identity in numbers else other]
            names = f"{quoted(other[1])} and {quoted(identity[1])}"
            yield number, ("url",), f"{names} would be the same issuer."
    # No two rows can have one address even for a moment, so what moves on must be gone before.
    held = {entry.url: key for key, entry in stored.items() if isinstance(entry, IssuerEntry)}
    for identity, number in numbers.items():
        entry = after[identity]
        if not isinstance(entry, IssuerEntry):
            continue
        holder = held.get(entry.url, identity)
        if holder != identity and named[entry.url] == identity:
            yield (
                number,
                ("url",),
                f"{quoted(holder[1])} has this address in the database. Apply its new address first, "
                "by itself.",
            )
