"""Remember, after a release, which role somebody used; the start page lists the last of them."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from accounts import favourites
from accounts.types import OfferedRole
from portal.context import sign_in_of

log = logging.getLogger(__name__)


def remember(request: HttpRequest, role: OfferedRole, *, duration: int | None = None) -> None:
    """Remember that a role was used, and the seconds chosen for its keys if any were.

    What was released is released: a convenience that cannot be written down is no reason to keep it.
    """
    try:
        favourites.remember_use(
            person=sign_in_of(request).person,
            account_id=role.account_id,
            role_name=role.role_name,
            duration=duration,
            now=timezone.now(),
        )
    except DatabaseError as error:
        log.warning("a use was not remembered: %s", type(error).__name__)
