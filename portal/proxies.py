"""Whether what the AWS CLI sends gets here: the portal asks itself at BASE_URL, through whatever proxies are in front."""

from __future__ import annotations

import json
import logging
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import http
from accounts.addresses import THIS_MACHINE
from portal.context import is_in_networks

log = logging.getLogger(__name__)

PATH = "/proxycheck"
TOKEN_HEADER = "x-amz-sso_bearer_token"  # noqa: S105
TIMEOUT = 10.0
"""Seconds for the whole answer."""
MAX_AGE = 60
"""Seconds that a question is good for."""
REPORT_INTERVAL = 60.0
"""Seconds between two lines of the log about requests without a token."""
_QUESTION_HEADER = "X-Gatehouse-Proxy-Check"
_INTERVALS = {True: 600.0, False: 60.0}  # by whether all is well


class Verdict(StrEnum):
    """What /readyz says of the way to here."""

    OK = "ok"
    WRONG = "wrong: the log says what"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; the message says what to do, for the log."""

    verdict: Verdict
    message: str = ""


class _State:
    finding = Finding(Verdict.UNKNOWN)
    reported_at = float("-inf")


def verdict() -> Verdict:
    """Return what the last check of this process found."""
    return _State.finding.verdict


def watch() -> NoReturn:
    """Check again and again, and log each change; for a thread of its own."""
    while True:
        note(check())
        time.sleep(_INTERVALS[verdict() is Verdict.OK])


def note(finding: Finding) -> None:
    """Remember a finding, and log it if it is a new one."""
    before, _State.finding = _State.finding, finding
    if finding == before:
        return
    if finding.verdict is Verdict.WRONG:
        log.warning("%s", finding.message)
    elif finding.verdict is Verdict.UNKNOWN:
        log.info("%s", finding.message)
    elif before.verdict is Verdict.WRONG:
        log.warning("The way from %s to this portal is right again.", settings.BASE_URL)


def check() -> Finding:
    """Send a token that is none to BASE_URL, as the AWS CLI would, and compare what arrived."""
    nonce = secrets.token_urlsafe(16)
    try:
        response = http.fetch(
            "GET",
            f"{settings.BASE_URL}{PATH}",
            headers={TOKEN_HEADER: nonce, _QUESTION_HEADER: _signer().sign(nonce)},
            total=TIMEOUT,
            limit=4096,
        )
    except http.HttpError as error:
        return Finding(
            Verdict.UNKNOWN,
            f"This portal cannot reach its own address {settings.BASE_URL} ({error}), so it cannot check what a "
            "proxy in front of it drops. REQUESTS_CA_BUNDLE can name the file of a private authority.",
        )
    if response.status >= 500:
        return Finding(
            Verdict.UNKNOWN,
            f"{settings.BASE_URL} answers {response.status}, so this portal cannot check what a proxy in front of "
            "it drops.",
        )
    try:
        arrived = json.loads(response.body) if response.status == 200 else None
    except (ValueError, RecursionError):
        arrived = None
    if not isinstance(arrived, dict) or "token" not in arrived:
        return Finding(
            Verdict.WRONG,
            f"At {settings.BASE_URL} something else than this portal answers (status {response.status}): a proxy "
            "that asks people to sign in, another server, or a portal with another SECRET_KEY. The AWS CLI and "
            "programs have to reach this portal itself.",
        )
    problem = _problem(arrived)
    return Finding(Verdict.WRONG, problem) if problem else Finding(Verdict.OK)


def _problem(arrived: dict[str, Any]) -> str:
    peer = arrived["peer"]
    if not arrived["believed"]:
        return (
            f"Requests to {settings.BASE_URL} come from {peer}, which TRUSTED_PROXIES does not name: the token of "
            "the AWS CLI and X-Forwarded-Proto are dropped, and `aws` says that the session has expired. "
            f"If {peer} is your proxy, add it to TRUSTED_PROXIES and start the portal again."
        )
    if not arrived["token"]:
        return (
            f"A proxy between {settings.BASE_URL} and this portal drops the header {TOKEN_HEADER}, so `aws` says "
            "that the session has expired. nginx needs `underscores_in_headers on;` "
            "(docs/operations.md, nginx in front)."
        )
    if settings.SECURE and not arrived["https"]:
        return (
            f"The proxy at {peer} does not send `X-Forwarded-Proto: https`: browsers' forms are refused. "
            "nginx needs `proxy_set_header X-Forwarded-Proto $scheme;`."
        )
    if arrived["unread"]:
        return (
            f"The proxy at {peer} says where requests come from, but TRUSTED_PROXIES is not set: in the audit trail "
            f"and for limits everybody has the proxy's address. Set TRUSTED_PROXIES={peer}."
        )
    return ""


@require_safe
@never_cache
def answer(request: HttpRequest) -> JsonResponse:
    """Answer the portal's own question with what arrived of it; strangers get a 404, for it names a proxy's address."""
    try:
        nonce = _signer().unsign(request.headers.get(_QUESTION_HEADER, ""), max_age=MAX_AGE)
    except signing.BadSignature:
        return JsonResponse({"status": "not found"}, status=404)
    peer = str(request.META.get("REMOTE_ADDR", ""))
    return JsonResponse(
        {
            "token": request.headers.get(TOKEN_HEADER) == nonce,
            "https": request.is_secure(),
            "unread": "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXIES,
            "peer": peer,
            "believed": _is_believed(peer),
        }
    )


def report_missing_token(request: HttpRequest) -> None:
    """Log why a request of the AWS CLI may have come without its token, at most once a minute."""
    now = time.monotonic()
    if now - _State.reported_at < REPORT_INTERVAL:
        return
    _State.reported_at = now
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if _is_believed(peer):
        cause = "unless the program sent none, a proxy drops it: nginx needs `underscores_in_headers on;`"
    else:
        cause = "TRUSTED_PROXIES does not name that address, so its tokens are dropped"
    log.warning(
        "A request to %s from %s has no header %s: %s. `manage.py check_proxy` tells.",
        request.path_info,
        peer or "a socket",
        TOKEN_HEADER,
        cause,
    )


def _is_believed(peer: str) -> bool:
    """Whether gunicorn lets a peer's token and X-Forwarded-Proto pass, as gunicorn.conf.py has it."""
    return not peer or is_in_networks(peer, settings.TRUSTED_PROXIES or THIS_MACHINE)


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="portal.proxies")
