"""Favourites, and the roles that somebody used. None of it gives access: pages show only roles that people have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import sql
from accounts.errors import InvalidRequest
from accounts.messages import Message
from accounts.models import Favourite, Person, RoleUse
from accounts.types import RoleRef

# Also bounds what one person can store.
MOST_FAVOURITES = 50
RECENT = 5
# How many used roles are stored, with the duration that was chosen last.
_MOST_USES = 500


def favourites(*, person: Person) -> tuple[RoleRef, ...]:
    """Return somebody's favourites in their order, those they no longer have included."""
    rows = Favourite.objects.filter(person=person).values_list("account_id", "role_name")
    return tuple(RoleRef(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class ChosenRoles:
    """Somebody's favourites in their order and the roles they used, most recent first.

    Roles that they no longer have are among them.
    """

    favourites: tuple[RoleRef, ...]
    recent: tuple[RoleRef, ...]


def chosen_roles(*, person: Person) -> ChosenRoles:
    """Return what somebody chose, in one query: enough recent roles that RECENT are no favourites."""
    rows = sql.chosen_roles(person_id=person.pk, at_most=2 * MOST_FAVOURITES)
    return ChosenRoles(
        favourites=tuple(RoleRef(*name) for kind, *name in rows if kind == "favourite"),
        recent=tuple(RoleRef(*name) for kind, *name in rows if kind == "recent"),
    )


def star(*, person: Person, role: RoleRef) -> None:
    """Add a role at the end of somebody's favourites; a favourite stays where it is.

    Raises:
        InvalidRequest: they have as many as there can be.
    """
    with transaction.atomic():
        names = _locked(person)
        if role in names:
            return
        if len(names) >= MOST_FAVOURITES:
            raise InvalidRequest(
                Message(
                    "You have %(most)s favourites, which is the maximum. Remove one first.",
                    most=MOST_FAVOURITES,
                ),
                f"{len(names)} favourites",
                code="favourites.full",
            )
        _arrange(person, [*names, role])


def unstar(*, person: Person, role: RoleRef) -> None:
    """Remove a role from somebody's favourites."""
    Favourite.objects.filter(
        person=person, account_id=role.account_id, role_name=role.role_name
    ).delete()


def move(*, person: Person, role: RoleRef, before: RoleRef | None) -> None:
    """Move a favourite before another one, or to the end; does nothing if it is no favourite."""
    with transaction.atomic():
        names = _locked(person)
        if role not in names or role == before:
            return
        names.remove(role)
        place = names.index(before) if before in names else len(names)
        _arrange(person, [*names[:place], role, *names[place:]])


def remember_use(
    *,
    person: Person,
    account_id: str,
    role_name: str,
    duration: int | None,
    now: datetime,
    read_only: bool | None = None,
) -> None:
    """Remember that a role was used, after its release; `duration` in seconds if one was chosen.

    None (for the console) leaves what was chosen before.
    """
    choices = {"duration": duration, "read_only": read_only}
    chosen = {name: value for name, value in choices.items() if value is not None}
    with transaction.atomic():
        RoleUse.objects.update_or_create(
            person=person,
            account_id=account_id,
            role_name=role_name,
            defaults={"last_used_at": now, **chosen},
        )
        uses = RoleUse.objects.filter(person=person).order_by("-last_used_at")
        if forgotten := list(uses.values_list("pk", flat=True)[_MOST_USES:]):
            RoleUse.objects.filter(pk__in=forgotten).delete()


@dataclass(frozen=True, slots=True)
class LastKeys:
    """What somebody chose last for keys of a role: seconds, or None if they never did, and read-only."""

    duration: int | None = None
    read_only: bool = False


def last_keys(*, person: Person, account_id: str, role_name: str) -> LastKeys:
    """Return what somebody chose last for keys of a role."""
    uses = RoleUse.objects.filter(person=person, account_id=account_id, role_name=role_name)
    found = uses.values_list("duration", "read_only").first()
    return LastKeys(*found) if found else LastKeys()


def _locked(person: Person) -> list[RoleRef]:
    """Return somebody's favourites, locked until the transaction ends (SQLite locks the whole database anyway)."""
    Person.objects.select_for_update().only("pk").get(pk=person.pk)
    return list(favourites(person=person))


def _arrange(person: Person, names: list[RoleRef]) -> None:
    Favourite.objects.bulk_create(
        [
            Favourite(
                person=person,
                account_id=name.account_id,
                role_name=name.role_name,
                position=position,
            )
            for position, name in enumerate(names)
        ],
        update_conflicts=True,
        unique_fields=["person", "account_id", "role_name"],
        update_fields=["position"],
    )
