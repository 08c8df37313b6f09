"""A refusal on a page: its row in the audit trail, and a message to send to whoever can help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.errors import AccessDenied, GatehouseError
from accounts.messages import Message
from accounts.missing_access import ArrivedValues, NeededValue, arrived_values
from accounts.models.audit import Action
from accounts.signins import subject_of
from accounts.sso.errors import ClientRefused
from accounts.trust.switch_role import NO_KEYS
from accounts.types import Subject, Surface
from accounts.visible import visible
from portal import refusals
from portal.context import open_sign_in
from portal.limiting import count_form
from portal.pages.role_request import role_named
from portal.request import GatehouseRequest
from portal.wording import in_words

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """What was refused to whom, and a message about it; `mailto` is "" if SUPPORT_CONTACT names no address.

    `arrived` are the values of claims that arrived, `needed` those that would give the role, if that may be said.
    """

    person: str
    role: str
    account: str
    arrived: tuple[ArrivedValues, ...]
    needed: tuple[NeededValue, ...]
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
    refusals.record(
        request,
        denied,
        subject=subject,
        surface=Surface.ADMIN if request.path.startswith("/admin/") else Surface.PAGES,
        action=actions.get(request.path, Action.PAGE_DENIED),
        role=role_named(request),
    )


def help_request(request: HttpRequest, error: GatehouseError) -> HelpRequest | None:
    """Return what somebody needs who asks for help with this refusal; None for errors that no help mends."""
    sign_in = open_sign_in(request)
    if sign_in is None or error.code == NO_KEYS:
        return None
    subject = subject_of(sign_in)
    if isinstance(error, ClientRefused):
        wish = Message("I cannot sign in on the command line.")
        return _request(request, subject, wish=wish, says=error)
    facts = refusals.facts(error, subject, now=timezone.now())
    if facts is None:
        return None
    wanted = role_named(request)
    account_id = wanted.account_id[: refusals.LONGEST_NAME]
    role = wanted.role_name[: refusals.LONGEST_NAME]
    account = account_id
    if facts.account_name and facts.asked is not None and facts.asked.account_id == account_id:
        account = f"{facts.account_name} ({account_id})"
    return _request(
        request,
        subject,
        wish=_wish(error, role=role, account=account, path=request.path[:200]),
        says=error,
        role=role if account else "",
        account=account,
        arrived=facts.arrived,
        needed=facts.needed,
    )


def help_without_accounts(request: HttpRequest, subject: Subject, *, now: datetime) -> HelpRequest:
    """Return the request for help of somebody who has no accounts at all. One query."""
    wish = Message("I have no AWS accounts in the portal, and I need some.")
    return _request(request, subject, wish=wish, arrived=arrived_values(subject, now=now))


def check_groups_url(back: str) -> str:
    """Return the address that asks the provider anew in the same sign-in, and then comes back."""
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back, 'verify': '1'})}"


def _wish(error: GatehouseError, *, role: str, account: str, path: str) -> Message:
    if isinstance(error, AccessDenied):
        if not account:
            return Message("I need the page %(path)s.", path=path)
        if role:
            return Message(
                "I need the role %(role)s in the AWS account %(account)s.",
                role=role,
                account=account,
            )
        return Message("I need a role in the AWS account %(account)s.", account=account)
    if not account:
        return Message("I cannot use the page %(path)s.", path=path)
    return Message(
        "I cannot use the role %(role)s in the AWS account %(account)s.", role=role, account=account
    )


def _request(
    request: HttpRequest,
    subject: Subject,
    *,
    wish: Message,
    says: GatehouseError | None = None,
    role: str = "",
    account: str = "",
    arrived: tuple[ArrivedValues, ...] = (),
    needed: tuple[NeededValue, ...] = (),
) -> HelpRequest:
    told = [
        Message("Signed in as: %(person)s", person=subject.label),
        Message("Portal: %(name)s, %(url)s", name=settings.PORTAL_NAME, url=settings.BASE_URL),
    ]
    if says is not None:
        told.append(
            Message("It says: %(message)s (%(code)s)", message=says.message, code=says.code)
        )
    told += [
        Message("My identity provider sent: %(values)s", values=refusals.arrived_in_words(one))
        for one in arrived
    ]
    told += [
        Message("This would give it: %(values)s", values=refusals.needed_in_words(one))
        for one in needed
    ]
    told.append(Message("Request: %(id)s", id=cast(GatehouseRequest, request).id))
    message = "\n".join(
        [
            gettext("Hello,"),
            "",
            in_words(wish),
            gettext("I need it for:") + " ",
            "",
            *map(in_words, told),
        ]
    )
    mailto = _mailto(in_words(wish).rstrip(".。"), message)
    return HelpRequest(
        visible(subject.label), visible(role), visible(account), arrived, needed, message, mailto
    )


def _mailto(subject: str, message: str) -> str:
    """Return a link that opens a mail to the contact (RFC 6068)."""
    address = _EMAIL.search(settings.SUPPORT_CONTACT)
    if address is None:
        return ""
    body = message.replace("\n", "\r\n")
    return f"mailto:{quote(address[0], safe='@')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"
