"""Console sign-in: temporary keys exchanged for a URL that opens the AWS console.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

import requests

from accounts.addresses import origin
from accounts.aws import clients, errors, partitions
from accounts.aws.errors import Failure
from accounts.aws.limits import LONGEST_SESSION, SHORTEST_SESSION
from accounts.errors import InvalidRequest
from accounts.types import Credentials

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
            "A console session lasts from 15 minutes to 12 hours. Choose a duration in between.",
            f"duration {session_duration} is not within {SHORTEST_SESSION}..{LONGEST_SESSION}",
            code="request.duration",
        )
    base = (endpoint or partitions.find(partition).sign_in).rstrip("/")
    url = f"{base}/federation"
    reply = _ask(url, credentials, session_duration)
    if reply.status == 400 and session_duration is not None:
        # AWS takes no SessionDuration with keys from role chaining, and does not say so beforehand.
        reply = _ask(url, credentials, None)
    if reply.status != 200:
        raise _refusal(reply.status).error(reply.said)
    query = {
        "Action": "login",
        "Issuer": issuer,
        "Destination": destination,
        "SigninToken": _token(reply.body),
    }
    if sign_out_first and (origin := endpoint or partitions.find(partition).sign_in_after_sign_out):
        return _after_sign_out(origin.rstrip("/"), query)
    return f"{url}?{urlencode(query)}"


def _after_sign_out(origin: str, query: dict[str, str]) -> str:
    """Return a URL that signs out of the console and goes on to a sign-in.

    AWS documents neither `oauth?Action=logout` nor its `redirect_uri`. Portals and CLIs rely on them
    for years, and found that AWS goes on only to a sign-in at a host that names a region:
    https://github.com/guardian/janus-app/pull/456, https://github.com/kionsoftware/kion-cli/issues/35
    """
    sign_in = f"{origin}/federation?{urlencode(query)}"
    return f"{origin}/oauth?{urlencode({'Action': 'logout', 'redirect_uri': sign_in})}"


@dataclass(frozen=True, slots=True)
class _Reply:
    """One answer to getSigninToken: `said` is what an admin may read of it."""

    status: int
    said: str
    body: bytes = field(repr=False)


def _ask(url: str, credentials: Credentials, session_duration: int | None) -> _Reply:
    session = {
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
    }
    form = {"Action": "getSigninToken", "Session": json.dumps(session)}
    if session_duration is not None:
        form["SessionDuration"] = str(session_duration)
    try:
        return _post_again_if_broken(url, form)
    # From None: requests' exceptions hold the request, and its body the keys.
    except requests.exceptions.Timeout:
        raise errors.TIMEOUT.error(origin(url)) from None
    except requests.exceptions.RequestException as error:
        said = f"{origin(url)}: {type(error).__name__}"
        raise errors.UNREACHABLE.error(said) from None


def _post_again_if_broken(url: str, form: dict[str, str]) -> _Reply:
    try:
        return _post(url, form)
    except requests.exceptions.ConnectionError:
        # A kept connection may have died unnoticed; the second one is new. Asking twice is harmless.
        return _post(url, form)


def _post(url: str, form: dict[str, str]) -> _Reply:
    with clients.web().post(
        url,
        data=form,  # in the body: URLs end up in logs
        allow_redirects=False,
        timeout=(clients.CONNECT_TIMEOUT, clients.READ_TIMEOUT),
        stream=True,
    ) as response:
        body = b""
        for chunk in response.iter_content(_LARGEST_REPLY):
            body += chunk
            if len(body) > _LARGEST_REPLY:
                raise errors.BAD_REPLY.error(f"over {_LARGEST_REPLY} bytes")
        request_id = response.headers.get("x-amzn-RequestId", "none")[:64]
        said = f"{origin(url)} answered HTTP {response.status_code}; request id {request_id}"
        return _Reply(status=response.status_code, said=said, body=body)


def _refusal(status: int) -> Failure:
    if status == 429:
        return errors.THROTTLED
    return errors.CONSOLE if 400 <= status < 500 else errors.UNAVAILABLE


def _token(body: bytes) -> str:
    try:
        token = json.loads(body)["SigninToken"]
    except (ValueError, LookupError, TypeError):
        token = None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise errors.BAD_REPLY.error("the console's sign-in gave no token")
    return token
