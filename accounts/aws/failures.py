"""Turn what boto3 raises, and what AWS answers, into the errors of the domain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from accounts.aws import meanings
from accounts.aws.meanings import Meaning
from accounts.errors import GatehouseError

_LONGEST_SAID = 1000
# With SignatureDoesNotMatch AWS quotes the request as it should have been signed, session token and all.
_CANONICAL = re.compile(r"\s*(?:\n|The Canonical String)")


def explain(error: ClientError | BotoCoreError) -> GatehouseError:
    """Return our error for one of boto3's.

    The admin's message holds AWS's code, message and request id. It never holds the text of
    botocore's own errors, which may quote a proxy's password or what a credential process printed.
    """
    if isinstance(error, ClientError):
        return _explain_reply(error)
    for kinds, meaning in meanings.BY_TYPE:
        if isinstance(error, kinds):
            return meaning.told(_without_secrets(error))
    return meanings.UNKNOWN.told(_without_secrets(error))


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: what an admin needs and no secret can be in."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}"


def _explain_reply(error: ClientError) -> GatehouseError:
    reply: Mapping[str, Any] = error.response
    about = reply.get("Error", {})
    metadata = reply.get("ResponseMetadata", {})
    code, message = str(about.get("Code", "")), str(about.get("Message", ""))
    status = metadata.get("HTTPStatusCode", 0)
    request_id = metadata.get("RequestId") or "none"
    said = (
        f"{error.operation_name}: {code or 'no code'} (HTTP {status}): "
        f"{_CANONICAL.split(message)[0]}; request id {request_id}"
    )
    return _find(code, message, status, error.operation_name).told(_one_line(said))


def _find(code: str, message: str, status: int, operation: str) -> Meaning:
    for pattern, told_by_text in meanings.BY_TEXT:
        if pattern.search(message):
            return told_by_text
    # Some codes of AWS end in Exception on one service and not on another.
    meaning = meanings.BY_CODE.get(code.removesuffix("Exception"))
    if meaning is meanings.EXPIRED and operation != "AssumeRoleWithWebIdentity":
        # Signed calls carry no token of the user's: what has expired is the hub's.
        return meanings.HUB
    if meaning is not None:
        return meaning
    return meanings.UNAVAILABLE if status >= 500 else meanings.UNKNOWN


def _without_secrets(error: BotoCoreError) -> str:
    url = str(error.kwargs.get("endpoint_url", ""))
    return type(error).__name__ + (f": {origin(url)}" if url else "")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST_SAID]
