"""Translate what boto3 raises, and what AWS answers, into the errors of the domain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from accounts.addresses import origin
from accounts.aws import errors
from accounts.aws.errors import Failure
from accounts.errors import GatehouseError

_LONGEST_DETAIL = 1000
# With SignatureDoesNotMatch AWS quotes the request as it should have been signed, session token and all.
_CANONICAL = re.compile(r"\s*(?:\n|The Canonical String)")


@contextmanager
def translated() -> Iterator[None]:
    """Raise our error in place of boto3's.

    From None, and without its text: botocore quotes replies it cannot read, keys and all.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from None
    except ResponseParserError as error:
        raise errors.BAD_REPLY.error(type(error).__name__) from None


def translate(error: ClientError | BotoCoreError) -> GatehouseError:
    """Return our error for one of boto3's.

    The admin's message holds AWS's code, message and request id. It never holds the text of
    botocore's own errors, which may quote a proxy's password or what a credential process printed.
    """
    if isinstance(error, ClientError):
        return _translate_reply(error)
    for kinds, failure in errors.BY_TYPE:
        if isinstance(error, kinds):
            return failure.error(_without_secrets(error))
    return errors.UNKNOWN.error(_without_secrets(error))


def _translate_reply(error: ClientError) -> GatehouseError:
    reply: Mapping[str, Any] = error.response
    details = reply.get("Error", {})
    metadata = reply.get("ResponseMetadata", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    status = metadata.get("HTTPStatusCode", 0)
    request_id = metadata.get("RequestId") or "none"
    detail = (
        f"{error.operation_name}: {code or 'no code'} (HTTP {status}): "
        f"{_CANONICAL.split(message)[0]}; request id {request_id}"
    )
    return _find(code, message, status, error.operation_name).error(_one_line(detail))


def _find(code: str, message: str, status: int, operation: str) -> Failure:
    for pattern, failure_by_text in errors.BY_TEXT:
        if pattern.search(message):
            return failure_by_text
    # Some codes of AWS end in Exception on one service and not on another.
    code = code.removesuffix("Exception")
    failure = errors.BY_OPERATION.get((operation, code), errors.BY_CODE.get(code))
    if failure is errors.IDENTITY_TOKEN and "signature" in message.casefold():
        return errors.TOKEN_SIGNATURE
    if failure is not None:
        return failure
    return errors.UNAVAILABLE if status >= 500 else errors.UNKNOWN


def _without_secrets(error: BotoCoreError) -> str:
    url = str(error.kwargs.get("endpoint_url", ""))
    return type(error).__name__ + (f": {origin(url)}" if url else "")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST_DETAIL]
