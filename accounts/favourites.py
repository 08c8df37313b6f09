"""Keep what somebody starred and used last. None of it gives access: pages show what they are entitled to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.errors import InvalidRequest
from accounts.models import Favourite, Person, RoleUse
from accounts.types import Named

# More than this is no selection any more; it also bounds what one person can store.
MOST_FAVOURITES = 50
RECENT = 5
# Uses that are remembered, for the durations last chosen.
_MOST_USES = 500


def favourites(*, person: Person) -> tuple[Named, ...]:
    """Return somebody's favourites in their order, those they no longer have included."""
    rows = Favourite.objects.filter(person=person).values_list("account_id", "role_name")
    return tuple(Named(*row) for row in rows)


def star(*, person: Person, role: Named) -> None:
    """Put a role at the end of somebody's favourites; one that is there stays where it is.

    Raises:
        InvalidRequest: they have as many as there can be.
    """
    with transaction.atomic():
        names = _locked(person)
        if role in names:
            return
        if len(names) >= MOST_FAVOURITES:
            raise InvalidRequest(
                f"You have {MOST_FAVOURITES} favourites, and there can be no more. Take one away first.",
                f"{len(names)} favourites",
                code="favourites.full",
            )
        _arrange(person, [*names, role])


def unstar(*, person: Person, role: Named) -> None:
    """Take a role from somebody's favourites."""
    Favourite.objects.filter(
        person=person, account_id=role.account_id, role_name=role.role_name
    ).delete()


def move(*, person: Person, role: Named, before: Named | None) -> None:
    """Put a favourite before another one, or last; what is no favourite is left alone."""
    with transaction.atomic():
        names = _locked(person)
        if role not in names or role == before:
            return
        names.remove(role)
        place = names.index(before) if before in names else len(names)
        _arrange(person, [*names[:place], role, *names[place:]])


def remember_use(
    *, person: Person, account_id: str, role_name: str, duration: int | None, now: datetime
) -> None:
    """Remember that a role was used, after its release; `duration` in seconds if one was chosen.

    None (the console, where nothing is chosen) leaves the duration that was chosen before.
    """
    chosen = {} if duration is None else {"duration": duration}
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


def recent(*, person: Person) -> tuple[Named, ...]:
    """Return what somebody used, last use first: enough for RECENT of them that are no favourites."""
    uses = RoleUse.objects.filter(person=person).order_by("-last_used_at")
    rows = uses.values_list("account_id", "role_name")[: 2 * MOST_FAVOURITES]
    return tuple(Named(*row) for row in rows)


def last_duration(*, person: Person, account_id: str, role_name: str) -> int | None:
    """Return the seconds somebody last chose for keys of a role; None if they never did."""
    uses = RoleUse.objects.filter(person=person, account_id=account_id, role_name=role_name)
    return uses.values_list("duration", flat=True).first()


def _locked(person: Person) -> list[Named]:
    """Return somebody's favourites while nobody else changes them (SQLite locks by itself)."""
    Person.objects.select_for_update().only("pk").get(pk=person.pk)
    return list(favourites(person=person))


def _arrange(person: Person, names: list[Named]) -> None:
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
