"""The external id of an account: made once, kept, and only where the portal's hub assumes roles."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import Account
from accounts.models.audit import Action
from accounts.models.directory import TrustMethod
from accounts.types import Origin, Subject

_RANDOM_BYTES = 24


def new_external_id() -> str:
    """Return one that nobody can guess, of letters, digits, - and _.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
    """
    return f"gatehouse:{secrets.token_urlsafe(_RANDOM_BYTES)}"


def give(
    accounts: Iterable[Account],
    *,
    origin: Origin,
    now: datetime,
    subject: Subject | None = None,
    actor: str = "",
) -> None:
    """Give each account of the hub that has no external id one, and record it. An account keeps what it has.

    The portal sends it from then on. Roles that demand none take it all the same.
    """
    for account in accounts:
        if account.trust_method != TrustMethod.HUB or account.external_id:
            continue
        with transaction.atomic():
            row = Account.objects.select_for_update().get(pk=account.pk)
            if not row.external_id:
                row.external_id = new_external_id()
                row.save(update_fields=["external_id"])
                audit.record(
                    action=Action.ADMIN_CHANGED,
                    now=now,
                    origin=origin,
                    subject=subject,
                    **({"actor": actor} if actor else {}),
                    account_id=row.account_id,
                    detail={
                        "object": f"account {row}",
                        "model": "account",
                        "id": str(row.pk),
                        "before": {"external_id": audit.recordable("external_id", "")},
                        "after": {"external_id": audit.recordable("external_id", row.external_id)},
                    },
                )
        account.external_id = row.external_id
