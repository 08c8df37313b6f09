"""Which account roles a test is asked for."""

from __future__ import annotations

from collections.abc import Collection

from accounts.errors import InvalidRequest
from accounts.models import AccountRole
from accounts.storable import is_storable


def role_ids(*, account_ids: Collection[str] = (), role_name: str = "") -> list[int]:
    """Return the ids of the account roles in these accounts, or in all active ones, with this permission set if named.

    Raises:
        InvalidRequest: there is none, or none in one of the accounts.
    """
    roles = AccountRole.objects.all()
    wanted = {account_id.replace("-", "") for account_id in account_ids}
    if not all(map(is_storable, (*wanted, role_name))):
        raise _none()
    if wanted:
        roles = roles.filter(account__account_id__in=wanted)
    else:
        roles = roles.filter(account__active=True)
    if role_name:
        roles = roles.filter(permission_set__name=role_name)
    found = list(roles.values_list("pk", "account__account_id"))
    missing = sorted(wanted.difference(account_id for _, account_id in found))
    if missing or not found:
        raise _none(missing[0] if missing else "")
    return [pk for pk, _ in found]


def _none(account_id: str = "") -> InvalidRequest:
    where = f" in the account {account_id:.20}" if account_id else ""
    return InvalidRequest(
        f"The directory has no such role{where}, so nothing was tested.", code="request.role"
    )
