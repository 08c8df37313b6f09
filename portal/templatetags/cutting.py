"""Where the live sessions of what a page of the admin shows can be cut."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Account, AccountRole, Person, SignIn
from accounts.models.revocations import Reach

register = template.Library()


@register.simple_tag
def cut_address(row: Any) -> str:
    """Return the address of the form for a person, a sign-in, an account or an account role; "" for others."""
    if getattr(row, "pk", None) is None:
        return ""
    match row:
        case Person():
            query = {"reach": Reach.PERSON, "issuer": row.issuer, "sub": row.sub}
        case SignIn():
            query = {"reach": Reach.SIGN_IN, "sign_in": str(row.pk)}
        case Account():
            query = {"reach": Reach.ACCOUNT, "account_id": row.account_id}
        case AccountRole():
            query = {
                "reach": Reach.ROLE,
                "account_id": row.account.account_id,
                "role_name": row.permission_set.name,
            }
        case _:
            return ""
    return f"{reverse('admin:accounts_revocation_cut')}?{urlencode(query)}"
