"""Cut live sessions at AWS, for portal admins and machines whose token includes it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Path, Router

from accounts import revocation as domain
from accounts import rights, signins
from accounts.models import Revocation
from accounts.models.revocations import Engine, Reach
from accounts.types import Subject, Surface
from portal.api.v1.auth import subject_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.revocation_schemas import RevocationIn, RevocationOut
from portal.context import origin_of

router = Router(tags=["Directory"])
ERRORS = frozenset({400, 401, 403, 413, 422, 429, 503})


@router.post(
    "/revocations",
    response={200: RevocationOut, ERRORS: ErrorOut},
    operation_id="revoke",
    summary="Cut live sessions",
)
def revoke(request: HttpRequest, body: RevocationIn) -> dict[str, Any]:
    """Make AWS deny everything to sessions that have begun until now.

    A few policies are placed before the answer, the worker does the others: ask again by the id.
    """
    asked = domain.ask(
        domain.Request(
            reach=Reach(body.reach),
            account_id=body.account_id,
            role_name=body.role_name,
            issuer=body.issuer,
            sub=body.sub,
            sign_in=body.sign_in,
            elevation=body.elevation,
            engine=Engine.ORGANIZATION if body.organization else Engine.ROLES,
            reason=body.reason,
            block=body.block,
        ),
        by=_revoker_of(request),
        origin=origin_of(request, Surface.API),
        now=timezone.now(),
    )
    return _serialize(asked.revocation, asked.sign_ins_ended)


@router.get(
    "/revocations/{revocation_id}",
    response={200: RevocationOut, ERRORS | {404}: ErrorOut},
    operation_id="revocation",
    summary="How far a cut of live sessions is",
)
def revocation(
    request: HttpRequest,
    revocation_id: Annotated[UUID, Path(description="The id of a revocation.")],
) -> dict[str, Any]:
    """Return each policy that has to hold the denial, and what became of it."""
    _revoker_of(request)
    found = Revocation.objects.filter(pk=revocation_id).first()
    if found is None:
        raise Http404
    return _serialize(found, None)


def _revoker_of(request: HttpRequest) -> Subject:
    subject = subject_of(request)
    signins.refuse_blocked(subject)
    rights.refuse_revoking(subject)
    return subject


def _serialize(row: Revocation, sign_ins_ended: int | None) -> dict[str, Any]:
    progress = domain.progress_of(row)
    return {
        "id": row.pk,
        "reach": row.reach,
        "engine": row.engine,
        "what": row.what,
        "reason": row.reason,
        "requested_by": row.requested_by,
        "requested_at": row.requested_at,
        "since": row.since,
        "sign_ins_ended": sign_ins_ended,
        "summary": str(progress),
        "complete": progress.is_complete,
        "accounts_placed": progress.accounts_placed,
        "accounts": progress.accounts,
        "items": [
            {
                "account_id": one.account_id,
                "role_name": one.role_name,
                "policy_of": one.policy_of,
                "state": one.state,
                "code": one.error_code,
                "message": one.message,
                "placed_at": one.placed_at,
            }
            for one in row.placements.all()
        ],
    }
