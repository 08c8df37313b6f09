"""The OpenAPI document: what ninja generates, completed with the meaning of each response."""

from __future__ import annotations

from functools import cache
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from accounts.aws import errors
from accounts.errors import PASSING

DESCRIPTION = """\
AWS keys and consoles for programs.

Everything but `/api/v1/client` needs a bearer token in the `Authorization` header: a JWT of the identity provider or of a trusted issuer,
or a token of the portal. Access is decided at each request.

Every error is `{"error": {"code", "message", "request_id", "can_retry"}}`, with `refusal` where a role was refused. Programs decide by the code, which never changes; the message is for people.

Lists come in pages: send `next` as `after` to get the following page, until it is null. Too many requests are answered with 429; `Retry-After`
holds the seconds to wait. A `GET` only reads and can be repeated; a `POST` creates something new each time.
"""

TAGS = {
    "Access": "Keys and console links, each decided and recorded.",
    "Me": "Who you are, what you may do, and why.",
    "Directory": "Accounts, permission sets and mappings, for portal admins and auditors; tests of roles.",
    "Audit": "The audit trail, for portal admins and auditors.",
    "Client": "How the command line signs people in.",
}

# What each status means, and an example: its code and message.
_MEANINGS: dict[int, tuple[str, str, str]] = {
    400: (
        "The request is not valid.",
        "request.arn",
        "This is not the ARN of a role: the service of a role's ARN is iam, and it has no region.",
    ),
    401: (
        "There is no token, it is not valid, or its person is blocked.",
        "token.exp",
        "The token is not accepted: it has expired, or does not say when it will.",
    ),
    403: (
        "You do not have access.",
        "access.denied",
        "You do not have this role. Check the ARN letter by letter, including the path.",
    ),
    404: (
        "The portal has no sign-in for the command line.",
        "client.not_set_up",
        "This portal has no sign-in for the command line yet.",
    ),
    409: (
        "The plan cannot be applied as it was shown.",
        "plan.stale",
        "The directory or the mappings have changed since this plan was made. Make a new plan and look at it.",
    ),
    413: (
        "The request body is too large.",
        "request.too_large",
        "The request body is too large.",
    ),
    422: (
        "The request does not match this document.",
        "request.not_valid",
        "duration: Input should be a valid integer.",
    ),
    429: (
        "Too many requests; come back later.",
        "request.too_many",
        "Too many requests. Try again in 42 seconds.",
    ),
    502: (
        "AWS refused the request; a portal admin has to act.",
        errors.DENIED.code,
        errors.DENIED.user,
    ),
    503: (
        "Not possible right now. Try again later.",
        errors.UNREACHABLE.code,
        errors.UNREACHABLE.user,
    ),
}
_REQUEST_ID = {
    "X-Request-Id": {"description": "The id of this request.", "schema": {"type": "string"}}
}
_CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}}}
_LATER = {
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_HEADERS = {401: _CHALLENGE, 429: _LATER, 503: _LATER}


class DocumentedAPI(NinjaAPI):
    """An API whose document says what each response means, with an example.

    The document is made once: that takes a tenth of a second, and anybody may request it.
    """

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the document; callers must not change it."""
        del path_params  # No path of the API has parameters.
        return self._document(path_prefix or self.get_root_path({}))

    def query_parameters(self, path: str, method: str) -> frozenset[str]:
        """Return the names of the query parameters that an operation takes; none for an unknown one."""
        operation = self.get_openapi_schema()["paths"].get(path, {}).get(method.lower(), {})
        parameters = operation.get("parameters", ())
        return frozenset(each["name"] for each in parameters if each["in"] == "query")

    @cache  # noqa: B019 - there is one API, for as long as the process lives
    def _document(self, path_prefix: str) -> OpenAPISchema:
        document = super().get_openapi_schema(path_prefix=path_prefix)
        for methods in document["paths"].values():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    _describe(status, response)
        document["tags"] = [{"name": name, "description": about} for name, about in TAGS.items()]
        return document


def _describe(status: int, response: dict[str, Any]) -> None:
    response["headers"] = _REQUEST_ID | _HEADERS.get(status, {})
    if status == 200:
        response["description"] = "Success."
        return
    meaning, code, message = _MEANINGS[status]
    response["description"] = meaning
    response["content"]["application/json"]["example"] = {
        "error": {
            "code": code,
            "message": message,
            "request_id": "7c0de6e0d3b44a6f9f64a0e2f8a4c0de",
            "can_retry": status in PASSING,
        }
    }
