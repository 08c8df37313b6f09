"""Console sign-in: temporary keys exchanged for a URL that opens the AWS console.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
"""

from __future__ import annotations

import json
import re
from functools import partial
from urllib.parse import urlencode

from accounts import http
from accounts.addresses import origin
from accounts.aws import clients, errors, partitions
from accounts.aws.errors import Failure
from accounts.aws.limits import LONGEST_SESSION, SHORTEST_SESSION
from accounts.errors import InvalidRequest
from accounts.http import Response
from accounts.messages import Message
from accounts.types import Credentials

# Seconds for each answer: the two that may be needed end within the bulkhead's deadline.
TIMEOUT = 7
_LARGEST_REPLY = 64 * 1024  # bytes; a token has about one and a half thousand
_TOKEN = re.compile(r"[!-~]{1,8192}")


def console_sign_in_url(
    *,
    credentials: Credentials,
    partition: str,
    destination: str,
    issuer: str,
    session_duration: int | None,
    endpoint: str = "",
    sign_out_first: bool = False,
) -> str:
    """Return a URL that signs a browser in to the console. It is a secret for 15 minutes.

    `destination` has passed `destinations.allowed`. `issuer` is where AWS sends people when the
    session expires. `session_duration` is in seconds; None, and where AWS does not accept one,
    lets the console last as long as the keys. `endpoint` is an origin that stands in for AWS's.
    `sign_out_first` ends what console sessions the browser has, in the partition where a way is known.

    Raises:
        InvalidRequest: the duration cannot be.
        AwsRefused: AWS does not take the keys, or the partition is unknown.
        AwsUnavailable: the endpoint could not be reached, or fails.
    """
    if session_duration is not None and not SHORTEST_SESSION <= session_duration <= LONGEST_SESSION:
        raise InvalidRequest(
            Message(
                "A console session lasts from 15 minutes to 12 hours. Choose a duration in between."
            ),
            f"duration {session_duration} is not within {SHORTEST_SESSION}..{LONGEST_SESSION}",
            code="request.duration",
        )
    base = (endpoint or partitions.find(partition).sign_in).rstrip("/")
    url = f"{base}/federation"
    query = {
        "Action": "login",
        "Issuer": issuer,
        "Destination": destination,
        "SigninToken": clients.call(partial(_sign_in_token, url, credentials, session_duration)),
    }
    if sign_out_first and (host := endpoint or partitions.find(partition).sign_in_after_sign_out):
        return _after_sign_out(host.rstrip("/"), query)
    return f"{url}?{urlencode(query)}"


def _sign_in_token(url: str, credentials: Credentials, session_duration: int | None) -> str:
    reply, summary = _ask(url, credentials, session_duration)
    if reply.status == 400 and session_duration is not None:
        # AWS takes no SessionDuration with keys from role chaining, and does not say so beforehand.
        reply, summary = _ask(url, credentials, None)
    if reply.status != 200:
        raise _refusal(reply.status).error(summary)
    return _token(reply.body)


def _after_sign_out(host: str, query: dict[str, str]) -> str:
    """Return a URL that signs out of the console and goes on to a sign-in.

    AWS documents neither `oauth?Action=logout` nor its `redirect_uri`. Portals and CLIs rely on them
    for years, and found that AWS goes on only to a sign-in at a host that names a region:
    https://github.com/guardian/janus-app/pull/456, https://github.com/kionsoftware/kion-cli/issues/35
    """
    sign_in = f"{host}/federation?{urlencode(query)}"
    return f"{host}/oauth?{urlencode({'Action': 'logout', 'redirect_uri': sign_in})}"


def _ask(url: str, credentials: Credentials, session_duration: int | None) -> tuple[Response, str]:
    """Return the answer to getSigninToken, and what an admin may read of it."""
    session = {
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
    }
    form = {"Action": "getSigninToken", "Session": json.dumps(session)}
    if session_duration is not None:
        form["SessionDuration"] = str(session_duration)
    try:
        # In the body: URLs end up in logs.
        reply = http.fetch(
            "POST",
            url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            total=TIMEOUT,
            limit=_LARGEST_REPLY,
        )
    except http.Timeout as error:
        raise errors.TIMEOUT.error(f"{origin(url)}: {error}") from None
    except http.TooLarge as error:
        raise errors.BAD_REPLY.error(f"{origin(url)}: {error}") from None
    except http.HttpError as error:
        raise errors.UNREACHABLE.error(f"{origin(url)}: {error}") from None
    request_id = reply.headers.get("x-amzn-requestid", "none")[:64]
    return reply, f"{origin(url)} answered HTTP {reply.status}; request id {request_id}"


def _refusal(status: int) -> Failure:
    if status == 429:
        return errors.THROTTLED
    return errors.CONSOLE if 400 <= status < 500 else errors.UNAVAILABLE


def _token(body: bytes) -> str:
    try:
        token = json.loads(body)["SigninToken"]
    except (ValueError, LookupError, TypeError, RecursionError):
        token = None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise errors.BAD_REPLY.error("the console's sign-in gave no token")
    return token
