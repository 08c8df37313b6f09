"""Take the code that a command line elsewhere shows, say who asks, and let it in or not."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import signins
from accounts.sso import device_codes
from accounts.sso.errors import ClientRefused
from portal import limiting
from portal.context import client_address, origin_of, sign_in_of
from portal.pages.authorize import standing
from portal.request import GatehouseRequest

LONGEST_CODE = 32
ANSWERS = ("allow", "deny")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: GatehouseRequest) -> HttpResponse:
    """Ask for the code, which a link may bring; on POST show who asks; on another do as is said there."""
    now, sign_in = timezone.now(), sign_in_of(request)
    fields = request.POST if request.method == "POST" else request.GET
    code = fields.get("user_code", "")[:LONGEST_CODE]
    if request.method != "POST":
        return render(request, "pages/device.html", {"code": code})
    said = request.POST.get("answer", "")
    try:
        if said in ANSWERS:
            approval = device_codes.answer(
                sign_in=sign_in,
                user_code=code,
                allow=said == "allow",
                origin=origin_of(request),
                now=now,
            )
            return render(request, "pages/device_done.html", {"approval": approval, "said": said})
        approval = device_codes.find(user_code=code, now=now)
    except ClientRefused as refused:
        limiting.count_wrong_code(signins.subject_of(sign_in))
        complaint = {"code": code, "complaint": refused.user_message}
        return render(request, "pages/device.html", complaint, status=400)
    context = {
        "approval": approval,
        "code": code,
        "elsewhere": approval.asked_from != client_address(request),
        **standing(request, sign_in, now),
    }
    return render(request, "pages/device_ask.html", context)
