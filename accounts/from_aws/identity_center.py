"""An instance of IAM Identity Center as a TOML file for `manage.py plan`, with what cannot be carried over named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from accounts.aws import destinations
from accounts.aws.identity_center import CenterPermissionSet, Instance
from accounts.aws.identity_center import IdentityCenter as Source
from accounts.errors import InvalidRequest
from accounts.matching import Targets
from accounts.plans.entries import AccountEntry, Directory, MappingEntry, PermissionSetEntry
from accounts.plans.fields import Role
from accounts.plans.notation import quoted
from accounts.plans.toml_file.export import render

Progress = Callable[[str, int, int], None]
GROUP, USER = "GROUP", "USER"
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_HEADER = """\
# What IAM Identity Center has, as `manage.py import_identity_center` read it.
# Read what follows "NOT CARRIED OVER", change what you want, then: manage.py plan FILE
#
# A mapping compares a claim with the name that a group has in Identity Center. With SCIM that is the name at your
# identity provider; where its tokens hold ids instead, change `value`.
# Never carried over: applications, delegated administrators, attributes for access control, MFA settings.
"""


@dataclass(frozen=True, slots=True)
class Center:
    """All that was read: permission sets, their accounts, and in these (GROUP or USER, id) of who has them."""

    permission_sets: tuple[CenterPermissionSet, ...]
    assignments: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]]
    groups: Mapping[str, str]
    users: Mapping[str, str]


def choose(instances: list[Instance], arn: str) -> Instance:
    """Return the instance of this ARN, or the only one.

    Raises:
        InvalidRequest: there is none, or several and nobody said which.
    """
    found = [one for one in instances if arn in ("", one.arn)]
    if len(found) == 1:
        return found[0]
    seen = ", ".join(one.arn for one in instances) or "none"
    raise InvalidRequest(
        f"Say which instance of Identity Center with --instance, and its region with --region. Here are: {seen}.",
        code="identity_center.instance",
    )


def read(source: Source, instance: Instance, *, progress: Progress) -> Center:
    """Read all of an instance; an error leaves nothing behind.

    Raises:
        AwsRefused: AWS said no.
        AwsUnavailable: AWS did not answer, or throttled for long.
    """
    sets: list[CenterPermissionSet] = []
    assignments: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {}
    arns = source.permission_sets(instance.arn)
    for number, arn in enumerate(arns):
        progress("sets", number, len(arns))
        one = source.permission_set(instance.arn, arn)
        sets.append(one)
        accounts = source.accounts_with(instance.arn, arn)
        assignments[one.name] = {}
        for place, account_id in enumerate(accounts):
            progress(one.name, place, len(accounts))
            assignments[one.name][account_id] = tuple(
                source.assignments(instance.arn, arn, account_id)
            )
    progress("people", 0, 0)
    return Center(
        tuple(sorted(sets, key=lambda one: one.name)),
        assignments,
        source.groups(instance.identity_store),
        source.users(instance.identity_store),
    )


def as_file(
    center: Center, *, names: Mapping[str, str], stored: Directory, claim: str, partition: str
) -> tuple[str, list[str]]:
    """Return a TOML file, and each thing that is not carried over as a sentence; the file has them as comments.

    `names` are those of accounts by their ids; `stored` is what the portal has: of an account that it has,
    only the roles change.
    """
    left: list[str] = []
    parts: list[str] = []
    for one in center.permission_sets:
        entry, missing = _permission_set(one)
        left += missing
        parts.append("".join(f"# NOT CARRIED OVER: {why}\n" for why in missing) + render(entry))
    for account in _accounts(center, names, stored, partition):
        parts.append(render(account))
    for mapping, why in _mappings(center, claim):
        if why:
            left.append(why)
        comment = f"# NOT CARRIED OVER: {why}\n" if why else ""
        parts.append(comment + (render(mapping) if mapping else ""))
    return "\n".join([_HEADER, *parts]), left


def seconds_of(duration: str) -> int | None:
    """Return the seconds of an ISO 8601 duration as AWS writes it: "PT8H"; None if it is none."""
    if not (match := _DURATION.fullmatch(duration)) or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _permission_set(one: CenterPermissionSet) -> tuple[PermissionSetEntry, list[str]]:
    title = f"permission set {quoted(one.name)}"
    missing = [
        f"{title}: the customer managed policy {quoted(policy)} is a policy of each account. Attach it to the roles there, or "
        "write what it says into role_policy."
        for policy in one.customer_policies
    ]
    boundary = one.boundary
    if boundary and not boundary.startswith("arn:"):
        missing.append(
            f"{title}: the permissions boundary {quoted(boundary)} is a policy of each account. Until the roles have it, they may do "
            "more than in Identity Center."
        )
        boundary = ""
    destination = one.relay_state
    if destination and (complaint := destinations.complaint(destination)):
        missing.append(f"{title}: the relay state {quoted(destination)}. {complaint}")
        destination = ""
    duration = seconds_of(one.session_duration)
    if duration is None:
        missing.append(
            f"{title}: the session duration {quoted(one.session_duration)}; it is 1 hour."
        )
    entry = PermissionSetEntry(
        name=one.name,
        description=one.description,
        session_duration=duration or 3600,
        destination=destination,
        role_policy=one.inline_policy,
        role_policy_arns=list(one.managed_policies),
        permissions_boundary=boundary,
    )
    return entry, missing


def _accounts(
    center: Center, names: Mapping[str, str], stored: Directory, partition: str
) -> Iterator[AccountEntry]:
    roles: dict[str, list[str]] = defaultdict(list)
    for name, accounts in center.assignments.items():
        for account_id in accounts:
            roles[account_id].append(name)
    for account_id in sorted(roles):
        before = stored.get(("account", account_id))
        if not isinstance(before, AccountEntry):
            before = AccountEntry(
                account_id=account_id, name=names.get(account_id) or account_id, partition=partition
            )
        kept = {role.permission_set: role for role in before.roles}
        for name in roles[account_id]:
            kept.setdefault(name, Role(permission_set=name))
        # An external id stays as it is where a file does not name it.
        yield before.model_copy(
            update={"roles": [kept[name] for name in sorted(kept)], "external_id": ""}
        )


def _mappings(center: Center, claim: str) -> Iterator[tuple[MappingEntry | None, str]]:
    reached: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name, accounts in center.assignments.items():
        for account_id, principals in accounts.items():
            for kind, principal in principals:
                reached[kind, principal, name].add(account_id)
    for (kind, principal, name), ids in sorted(reached.items()):
        known = center.groups if kind == GROUP else center.users
        value = known.get(principal, "")
        where = f"{quoted(name)} in {len(ids)} account{'s' * (len(ids) != 1)}"
        if not value:
            yield (
                None,
                f"{where} for the {kind.lower()} {quoted(principal)}, which is not there any more.",
            )
            continue
        why = ""
        if kind == USER:
            why = (
                f"{where} for {quoted(value)} alone: this mapping is off. Put the person into a group, or turn it on; access by "
                "e-mail address needs OIDC_EMAIL_IS_VERIFIED or verified addresses."
            )
        yield (
            MappingEntry(
                name=f"{name} for {value}"[:128],
                claim=claim if kind == GROUP else "email",
                value=value,
                permission_set=name,
                enabled=kind == GROUP,
                accounts=Targets(accounts=frozenset(ids)),
            ),
            why,
        )
