"""Allow command-line access by the code that `aws sso login` shows, for example on another computer."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import signins
from accounts.sso import device_codes
from accounts.sso.errors import ClientRefused
from accounts.types import Surface
from portal import limiting
from portal.context import client_address, origin_of, sign_in_of
from portal.pages.authorize import access_end
from portal.request import GatehouseRequest
from portal.verified import verify
from portal.wording import in_words

LONGEST_CODE = 32
ANSWERS = ("allow", "deny")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: GatehouseRequest) -> HttpResponse:
    """Ask for the code, which a link may fill in. A POST shows who asks; a POST with an answer allows or denies."""
    if request.POST.get("answer") == "allow":
        verify(request, Surface.PAGES)
    now, sign_in = timezone.now(), sign_in_of(request)
    fields = request.POST if request.method == "POST" else request.GET
    code = fields.get("user_code", "")[:LONGEST_CODE]
    if request.method != "POST":
        return render(request, "pages/device.html", {"code": code})
    answer = request.POST.get("answer", "")
    try:
        if answer in ANSWERS:
            device_codes.answer(
                sign_in=sign_in,
                user_code=code,
                allow=answer == "allow",
                origin=origin_of(request),
                now=now,
            )
            return render(request, "pages/device_done.html", {"answer": answer})
        approval = device_codes.find(user_code=code, now=now)
    except ClientRefused as error:
        limiting.count_wrong_code(signins.subject_of(sign_in))
        refused = {"code": code, "complaint": in_words(error.message)}
        return render(request, "pages/device.html", refused, status=400)
    context = {
        "approval": approval,
        "code": code,
        "elsewhere": approval.requested_from != client_address(request),
        **access_end(request, sign_in, now),
    }
    return render(request, "pages/device_ask.html", context)
