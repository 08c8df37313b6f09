"""Remember, after a release, which role was used: the start page lists the most recent ones."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from accounts import favourites
from accounts.types import OfferedRole
from portal.context import sign_in_of

log = logging.getLogger(__name__)


def remember(
    request: HttpRequest,
    role: OfferedRole,
    *,
    duration: int | None = None,
    read_only: bool | None = None,
) -> None:
    """Remember that a role was used, and what was chosen for its keys, if any.

    The keys are already issued, so a database error is logged and not raised.
    """
    try:
        favourites.remember_use(
            person=sign_in_of(request).person,
            account_id=role.account_id,
            role_name=role.role_name,
            duration=duration,
            read_only=read_only,
            now=timezone.now(),
        )
    except DatabaseError as error:
        log.warning("a use was not remembered: %s", type(error).__name__)
