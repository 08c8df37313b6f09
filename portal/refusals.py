"""Record refusals of access that did not come from the door, so that the request id people quote finds a row."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.errors import GatehouseError
from accounts.models.audit import Action
from accounts.types import RoleRef, Subject, Surface
from portal.context import origin_of

log = logging.getLogger(__name__)


def record(
    request: HttpRequest,
    denied: GatehouseError,
    *,
    subject: Subject,
    surface: Surface,
    action: Action = Action.PAGE_DENIED,
    role: RoleRef | None = None,
) -> None:
    """Write the audit row of a refusal, unless the door has written one. Nothing is released, so a failure is only logged."""
    if denied.recorded:
        return
    denied.recorded = True
    try:
        audit.record(
            action=action,
            now=timezone.now(),
            origin=origin_of(request, surface),
            subject=subject,
            account_id=role.account_id if role else "",
            role_name=role.role_name if role else "",
            reason=denied.admin_message,
            error_code=denied.code,
            detail={"method": request.method, "path": request.path},
        )
    except DatabaseError as error:
        log.error("refusal of %s not recorded: %s", denied.code, type(error).__name__)
