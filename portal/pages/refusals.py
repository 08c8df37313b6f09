"""A refusal on a page: its row in the audit trail, and a message to send to whoever can help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.errors import AccessDenied, AwsRefused, GatehouseError
from accounts.models.audit import Action
from accounts.signins import subject_of
from accounts.trust.switch_role import NO_KEYS
from accounts.types import RoleRef, Surface
from portal import refusals
from portal.context import open_sign_in
from portal.limiting import count_form
from portal.pages.own_roles import own_roles
from portal.pages.role_request import role_request
from portal.request import GatehouseRequest
from portal.wording import in_words

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# What a link names is anybody's text: no more of a name is shown than AWS's longest.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """What was refused to whom, and a message about it; `mailto` is "" if SUPPORT_CONTACT names no address."""

    person: str
    role: str
    account: str
    message: str
    mailto: str


def record(request: HttpRequest, denied: AccessDenied) -> None:
    """Write the audit row of a refusal that did not come from the door. Nobody writes more of them than forms.

    Raises:
        TooMany: this is one refusal too many.
    """
    sign_in = open_sign_in(request)
    if denied.recorded or sign_in is None:
        return
    subject = subject_of(sign_in)
    if request.method in ("GET", "HEAD"):
        count_form(subject)
    actions = {reverse("keys"): Action.KEYS_DENIED, reverse("console"): Action.CONSOLE_DENIED}
    wanted = role_request(request)
    refusals.record(
        request,
        denied,
        subject=subject,
        surface=Surface.ADMIN if request.path.startswith("/admin/") else Surface.PAGES,
        action=actions.get(request.path, Action.PAGE_DENIED),
        role=RoleRef(wanted.account_id, wanted.role_name),
    )


def help_request(request: HttpRequest, error: GatehouseError) -> HelpRequest | None:
    """Return what somebody needs who asks for help with this refusal; None for errors that no help mends."""
    sign_in = open_sign_in(request)
    if sign_in is None or not isinstance(error, (AccessDenied, AwsRefused)):
        return None
    if error.code == NO_KEYS:
        return None
    wanted = role_request(request)
    role, account = wanted.role_name[:_LONGEST_NAME], _account(request, wanted.account_id)
    person = subject_of(sign_in).label
    if not account:
        what = f"the page {request.path[:200]}"
    elif role:
        what = f"the role {role} in the AWS account {account}"
    else:
        what = f"a role in the AWS account {account}"
    needs = f"I need {what}." if isinstance(error, AccessDenied) else f"I cannot use {what}."
    message = "\n".join(
        [
            "Hello,",
            "",
            f"{needs} I need it for: ",
            "",
            f"Signed in as: {person}",
            f"Portal: {settings.PORTAL_NAME}, {settings.BASE_URL}",
            f"It says: {in_words(error.message).partition('. ')[0]} ({error.code})",
            f"Request: {cast(GatehouseRequest, request).id}",
        ]
    )
    return HelpRequest(person, role, account, message, _mailto(f"Access to {what}", message))


def _account(request: HttpRequest, account_id: str) -> str:
    """Return the account as the reader may know it: by name only where they have a role in it."""
    known = (each.role for each in own_roles(request).by_name.values())
    for role in known:
        if role.account_id == account_id:
            return f"{role.account_name} ({account_id})"
    return account_id[:_LONGEST_NAME]


def _mailto(subject: str, message: str) -> str:
    """Return a link that opens a mail to the contact (RFC 6068)."""
    address = _EMAIL.search(settings.SUPPORT_CONTACT)
    if address is None:
        return ""
    body = message.replace("\n", "\r\n")
    return f"mailto:{quote(address[0], safe='@')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"
