"""The external id of an account: made once, kept, and only where the portal's hub assumes roles."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts import audit, trust_results
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
    """Give each account of the hub that has no external id one, and one for its revoker role, and record it.

    An account keeps what it has. The second is for accounts of other methods too, where there is a hub.

    The portal sends it from then on. Roles that demand none take it all the same.
    """
    for account in accounts:
        missing = _missing(account)
        if not missing:
            continue
        with transaction.atomic():
            row = Account.objects.select_for_update().get(pk=account.pk)
            if missing := _missing(row):
                for column in missing:
                    setattr(row, column, new_external_id())
                row.save(update_fields=missing)
                if "external_id" in missing:
                    trust_results.forget([row.account_id])
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
                        "before": dict.fromkeys(missing, ""),
                        "after": {
                            column: audit.recordable(column, getattr(row, column))
                            for column in missing
                        },
                    },
                )
        account.external_id = row.external_id
        account.revoker_external_id = row.revoker_external_id


def _missing(account: Account) -> list[str]:
    """Return the columns of external ids that an account lacks."""
    by_hub = account.trust_method == TrustMethod.HUB
    wanted = {"external_id": by_hub, "revoker_external_id": by_hub or revoker_is_by_hub(account)}
    return [
        column for column, is_wanted in wanted.items() if is_wanted and not getattr(account, column)
    ]


def revoker_is_by_hub(account: Account) -> bool:
    """Whether the hub enters the account's revoker role: wherever there is a hub, but where the portal signs tokens."""
    return account.trust_method != TrustMethod.PORTAL_TOKEN and bool(
        settings.AWS_HUB_PRINCIPALS.get(account.partition)
        or account.partition in settings.AWS_WEB_IDENTITY_PARTITIONS
    )
