"""What makes accounts trust the portal, for portal admins."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts import onboarding as domain
from accounts import rights
from accounts.errors import InvalidRequest
from accounts.models import Account
from accounts.types import Surface
from portal.api.v1.auth import reader_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.onboarding_schemas import OnboardingIn, OnboardingOut
from portal.context import origin_of

router = Router(tags=["Directory"])
ERRORS = frozenset({400, 401, 403, 413, 422, 429, 502, 503})


@router.post(
    "/onboarding",
    response={200: OnboardingOut, ERRORS: ErrorOut},
    operation_id="onboarding",
    summary="Create the files that make accounts trust the portal",
)
def onboarding(request: HttpRequest, body: OnboardingIn) -> dict[str, Any]:
    """Create templates or commands for the roles of accounts: for portal admins only.

    An account of the hub gets an external id, if it has none.
    """
    subject = reader_of(request, "directory")
    rights.refuse_changing(subject)
    documents = domain.onboard(
        _accounts(body.account_ids),
        domain.Options(
            form=domain.Form(body.form),
            reuse_provider=body.reuse_provider,
            region=body.region,
            organizational_units=tuple(body.organizational_units),
            delegated_admin=body.delegated_admin,
            management_account=body.management_account,
            context_provider=body.context_provider,
        ),
        subject=subject,
        origin=origin_of(request, Surface.API),
        now=timezone.now(),
    )
    return {"documents": [{"path": one.path, "text": one.text} for one in documents]}


def _accounts(account_ids: list[str] | None) -> Any:
    if account_ids is None:
        return domain.everywhere()
    found = Account.objects.filter(account_id__in=account_ids)
    if missing := set(account_ids) - set(found.values_list("account_id", flat=True)):
        raise InvalidRequest(
            f"There is no account {min(missing)!a:.40}.", code="onboarding.no_accounts"
        )
    return found
