"""Renames: an entry that says `renamed_from` is what the database holds under that name, with all that refers to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from accounts.matching import Targets
from accounts.models import Favourite, RoleUse, Token
from accounts.plans.entries import (
    KINDS,
    AccountEntry,
    Directory,
    Entry,
    Identity,
    MappingEntry,
    identity_of,
)
from accounts.plans.fields import sorted_roles
from accounts.plans.notation import quoted

Renames = Mapping[Identity, Identity]
"""Identity before -> identity after."""


def renames(entries: Sequence[Entry], stored: Directory) -> Renames:
    """Return what is renamed. A rename that was applied before, or never had to be, is none."""
    found: dict[Identity, Identity] = {}
    for entry in entries:
        old, new = (entry.kind, entry.renamed_from), identity_of(entry)
        if isinstance(entry, AccountEntry) or not entry.renamed_from:
            continue
        if old in stored and new not in stored:
            found.setdefault(old, new)
    return found


def faults(entries: Sequence[Entry], stored: Directory) -> Iterator[tuple[int, tuple[str], str]]:
    """Yield which renames cannot be: the place of the entry, the key, and why."""
    taken: dict[Identity, int] = {}
    named = {identity_of(entry) for entry in entries}
    for number, entry in enumerate(entries):
        old, new = (entry.kind, entry.renamed_from), identity_of(entry)
        if not entry.renamed_from:
            continue
        if isinstance(entry, AccountEntry):
            yield (
                number,
                ("renamed_from",),
                "Accounts are told apart by their number; just write the new name.",
            )
        elif old in named:
            yield (
                number,
                ("renamed_from",),
                f"{quoted(old[1])} is also an entry of its own here: take out one of the two.",
            )
        elif old in stored and new in stored:
            yield (
                number,
                ("renamed_from",),
                f"The database has both {quoted(old[1])} and {quoted(new[1])}: nothing can be renamed to a name in use.",
            )
        elif taken.setdefault(old, number) != number:
            yield number, ("renamed_from",), f"{quoted(old[1])} cannot become two entries."


def renamed(stored: Directory, moves: Renames) -> Directory:
    """Return a directory under its new names, references included."""
    if not moves:
        return stored
    after = {}
    for identity, entry in stored.items():
        changed = _with_new_references(entry, moves)
        if identity in moves:
            changed = changed.model_copy(update={changed.identified_by: moves[identity][1]})
        after[identity_of(changed)] = changed
    return after


def _with_new_references(entry: Entry, moves: Renames) -> Entry:
    def name(kind: str, old: str) -> str:
        return moves.get((kind, old), (kind, old))[1]

    match entry:
        case AccountEntry():
            roles = [
                role.model_copy(
                    update={"permission_set": name("permission_set", role.permission_set)}
                )
                for role in entry.roles
            ]
            return entry.model_copy(
                update={
                    "environment": name("environment", entry.environment),
                    "roles": sorted_roles(roles),
                }
            )
        case MappingEntry():
            environments = frozenset(
                name("environment", old) for old in entry.accounts.environments
            )
            return entry.model_copy(
                update={
                    "issuer": name("issuer", entry.issuer),
                    "permission_set": name("permission_set", entry.permission_set),
                    "accounts": _replaced(entry.accounts, environments),
                }
            )
    return entry


def _replaced(targets: Targets, environments: frozenset[str]) -> Targets:
    return replace(targets, environments=environments)


def write_renames(moves: Renames) -> None:
    """Give rows their new names; what refers to them by name follows: favourites, recent roles, tokens."""
    models = {kind.kind: kind for kind in KINDS}
    for (kind, old), (_, new) in moves.items():
        entry = models[kind]
        entry.model._default_manager.filter(**{entry.identified_by: old}).update(
            **{entry.identified_by: new}
        )
        if kind == "permission_set":
            for chosen in (Favourite, RoleUse):
                rows = chosen._default_manager
                # Left from a permission set of the new name that is long gone.
                rows.filter(role_name=new).delete()
                rows.filter(role_name=old).update(role_name=new)
            for token in Token.objects.exclude(permission_sets=None):
                names = token.permission_sets or []
                if old in names:
                    names = [new if one == old else one for one in names]
                    Token.objects.filter(pk=token.pk).update(permission_sets=names)
