"""Plan and apply files, for portal admins and for workloads that the configuration names."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Router

from accounts import rights, signins
from accounts.access_changes import RoleChange
from accounts.plans import uploads
from accounts.plans.changes import Change
from accounts.types import Surface
from portal.api.v1.auth import subject_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.plan_schemas import AppliedOut, PlanIn, PlanOut
from portal.context import origin_of

router = Router(tags=["Directory"])
ERRORS = frozenset({400, 401, 403, 409, 413, 422, 429, 503})
_CHANGES = {"+": "added", "~": "changed", "-": "removed"}


@router.post(
    "/plans",
    response={200: PlanOut, ERRORS: ErrorOut},
    operation_id="plan",
    summary="Show what files would change",
)
def plan(request: HttpRequest, body: PlanIn) -> dict[str, Any]:
    """Return what these files would change and whose access that changes. Nothing is changed.

    For portal admins and the workloads of PLAN_WORKLOADS and APPLY_WORKLOADS. The plan waits a day.
    """
    subject = subject_of(request)
    signins.refuse_blocked(subject)
    rights.refuse_planning(subject)
    row, found = uploads.propose(
        list(body.files.items()),
        subject=subject,
        whole=body.whole,
        prune=body.prune,
        manage=body.manage,
        now=timezone.now(),
    )
    access = found.access
    return {
        "id": row.pk,
        "expires_at": row.created_at + uploads.LIFETIME,
        "empty": not found,
        "summary": found.summary,
        "changes": [_change(each) for each in found.changes],
        "gains": [_role_change(each) for each in access.gains] if access else [],
        "losses": [_role_change(each) for each in access.losses] if access else [],
        "compared": access.reach if access else "",
        "text": "\n".join(found.lines()),
    }


@router.post(
    "/plans/{plan_id}/apply",
    response={200: AppliedOut, ERRORS: ErrorOut},
    operation_id="apply_plan",
    summary="Apply a plan",
)
def apply_plan(
    request: HttpRequest,
    plan_id: Annotated[UUID, Path(description="The id of a plan.")],
) -> dict[str, Any]:
    """Apply exactly this plan, once. It is refused if the directory or the mappings have changed since.

    For portal admins and the workloads of APPLY_WORKLOADS.
    """
    subject = subject_of(request)
    signins.refuse_blocked(subject)
    rights.refuse_applying(subject)
    changes = uploads.confirm(
        plan_id, subject=subject, origin=origin_of(request, Surface.API), now=timezone.now()
    )
    return {"changes": [_change(each) for each in changes]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "change": "renamed" if change.renamed_from else _CHANGES[change.sign],
        "kind": change.entry.kind,
        "name": change.entry.name,
        "renamed_from": change.renamed_from,
        "lines": list(change.lines()),
    }


def _role_change(change: RoleChange) -> dict[str, Any]:
    return {
        "role_name": change.role_name,
        "environment": change.environment,
        "privileged": change.privileged,
        "what": change.what,
        "accounts": change.accounts,
        "people": change.people,
        "names": change.names,
    }
