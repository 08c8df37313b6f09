"""Before a form issues or changes something: have claims that are too old verified again with the provider."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.utils import timezone

from accounts import reverification
from accounts.errors import GatehouseError, VerifyAgain
from accounts.models.audit import Action
from accounts.types import RoleRef, Surface
from portal import refusals
from portal.context import open_sign_in, origin_of, subject_of_request
from portal.request import GatehouseRequest


def verify(
    request: HttpRequest,
    surface: Surface,
    *,
    action: Action = Action.PAGE_DENIED,
    role: RoleRef | None = None,
) -> None:
    """Set the sign-in of a request, if there is one, as the provider says it is now. A refusal is recorded.

    Raises:
        VerifyAgain: the browser has to be sent there.
        GatehouseError: the sign-in has ended, or the provider gave no usable answer.
    """
    sign_in = open_sign_in(request)
    if sign_in is None:
        return
    try:
        sign_in = reverification.verified(
            sign_in, origin=origin_of(request, surface), now=timezone.now()
        )
    except VerifyAgain:
        raise
    except GatehouseError as error:
        refusals.record(
            request,
            error,
            subject=subject_of_request(request),
            surface=surface,
            action=action,
            role=role,
        )
        raise
    cast(GatehouseRequest, request).sign_in = sign_in
    request.user = sign_in.person
