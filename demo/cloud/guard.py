"""What comes before moto: requests for sessions are decided here, and requests with their keys are checked."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from demo.cloud import answers, callers, decisions, trail
from demo.cloud.answers import Refused, access_denied
from demo.cloud.callers import Caller
from demo.cloud.signatures import Signature
from demo.cloud.token_service import TokenService

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOGGER = logging.getLogger(__name__)
_LOOK_UP = "cloudtrail:LookupEvents"


def guarded(moto: WSGIApplication, tokens: TokenService) -> WSGIApplication:
    """Return moto's application behind the checks that it lacks."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(parse_form_data=False)
        try:
            found = _decided(request, tokens)
        except Refused as refused:
            _LOGGER.warning("%s: %s (%s)", refused.code, refused.message, refused.why)
            found = answers.refusal(refused)
        if found is not None:
            return found(environ, start_response)
        passed_on = {**environ, "wsgi.input": io.BytesIO(body)}
        signature = Signature.of(request)
        if signature and re.fullmatch(callers.ROOT_KEY, signature.access_key_id):
            passed_on["HTTP_X_MOTO_ACCOUNT_ID"] = signature.access_key_id
        return moto(passed_on, start_response)

    return answer


def _decided(request: Request, tokens: TokenService) -> Response | None:
    """Return the answer to a request, None if moto is to give it.

    Raises:
        Refused: it is refused.
    """
    form = _form(request)
    match action := form.get("Action", ""):
        case "AssumeRoleWithWebIdentity":
            return answers.success(action, tokens.assume_role_with_web_identity(form))
        case "AssumeRole":
            caller = callers.find(request, tokens.sessions)
            tokens.trail.record(request, caller, action)
            return answers.success(action, tokens.assume_role(form, caller))
        case "GetCallerIdentity":
            caller = callers.find(request, tokens.sessions)
            tokens.trail.record(request, caller, action)
            return answers.success(action, _identity(caller))
    signature = Signature.of(request)
    if signature and signature.access_key_id in tokens.sessions:
        caller = callers.find(request, tokens.sessions)
        # As far as the request tells it: not where its path is what is asked for.
        target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        call = action or target or "Request"
        name = f"{signature.service}:{call}"
        if name == _LOOK_UP:
            return _look_up(request, caller, tokens)
        why = decisions.why_denied(caller, name)
        tokens.trail.record(request, caller, call, error="AccessDenied" if why else "")
        if why:
            raise access_denied(f"User: {caller.arn} is not authorized to perform: {name} {why}")
    return None


def _look_up(request: Request, caller: Caller, tokens: TokenService) -> Response:
    """Answer LookupEvents. It is the one call for which a session needs an Allow here, as it needs one at AWS."""
    if why := decisions.why_denied(caller, _LOOK_UP) or decisions.why_not_allowed(caller, _LOOK_UP):
        return trail.denied(f"User: {caller.arn} is not authorized to perform: {_LOOK_UP} {why}")
    answer = tokens.trail.look_up(request, caller)
    tokens.trail.record(request, caller, "LookupEvents")
    return answer


def _form(request: Request) -> dict[str, str]:
    # The body is read anew: what has been parsed is no longer there for moto.
    read = Request({**request.environ, "wsgi.input": io.BytesIO(request.get_data())})
    return {**read.args.to_dict(), **read.form.to_dict()}


def _identity(caller: Caller) -> dict[str, str]:
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id}
