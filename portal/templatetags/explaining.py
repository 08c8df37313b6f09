"""Links from rows of the admin to the pages that answer who and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.template import Library
from django.urls import reverse

from accounts.models import Account, AccountRole, Environment, Mapping, PermissionSet, Person

register = Library()

_WHO = "Who can enter?"


@register.simple_tag
def explain_links(row: Any) -> list[tuple[str, str]]:
    """Return the words and the address of each link for a row; none for other rows, and new ones."""
    if getattr(row, "pk", None) is None:
        return []
    match row:
        case Person():
            return [
                ("Why can they enter?", _address("explain", {"person": str(row.public_id)})),
            ]
        case Account():
            return [(_WHO, _address("explain_who", {"account_id": row.account_id}))]
        case AccountRole():
            names = {
                "account_id": row.account.account_id,
                "role_name": row.permission_set.name,
            }
            return [(_WHO, _address("explain_who", names))]
        case PermissionSet():
            return [(_WHO, _address("explain_who", {"role_name": row.name}))]
        case Environment():
            return [(_WHO, _address("explain_who", {"environment": row.name}))]
        case Mapping():
            return [("Who can enter by it?", _address("explain_who", {"mapping": str(row.pk)}))]
    return []


def _address(name: str, query: dict[str, str]) -> str:
    return f"{reverse(name)}?{urlencode(query)}"
