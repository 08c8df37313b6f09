"""Schemathesis tries the whole OpenAPI document: whatever is sent, no answer is a defect, and each is as documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.emulators import ConsoleEndpoint
from tests.examples import examples
from tests.issuer import Issuer
from tests.portal.api.test_docs import OPERATIONS, PUBLIC

pytestmark = [pytest.mark.hypothesis, pytest.mark.usefixtures("northwind", "sts_endpoint")]

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Keep the test's connection at the end of a request, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


# What is public takes nothing, so nothing that is sent there can be wrong.
@pytest.mark.parametrize(
    ("operation_id", "mode"),
    [
        *((one, GenerationMode.POSITIVE) for one in sorted(OPERATIONS)),
        *((one, GenerationMode.NEGATIVE) for one in sorted(OPERATIONS - PUBLIC)),
    ],
    ids=str,
)
def test_whatever_is_sent_is_answered_as_documented(
    issuer: Issuer,
    settings: Any,
    console_endpoint: ConsoleEndpoint,
    operation_id: str,
    mode: GenerationMode,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    settings.API_RATE_LIMIT = "1000000/second"
    settings.API_CLIENT_ID = "token-cli"
    settings.ALLOWED_HOSTS = ["*"]
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    [found] = schema.include(operation_id=operation_id).get_all_operations()
    operation: Any = found.ok()  # type: ignore[union-attr]
    statuses: set[int] = set()
    headers = {
        "Authorization": f"Bearer {issuer.token(groups=['payments', 'portal-admins'])}",
        "Accept-Encoding": "identity",  # schemathesis does not decompress answers over WSGI
    }

    @bounds(
        max_examples=examples(15),
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def tried(case: schemathesis.Case[Any]) -> None:
        statuses.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    tried()

    # What is right got past the token, to the operation itself; what is wrong may lack the token.
    # (JSON Schema has no word for a text that no database holds, so what is right may be 422 too.)
    if mode is GenerationMode.POSITIVE:
        assert 401 not in statuses
        assert statuses & {200, 400, 403, 404}
    else:
        assert statuses & {401, 422}
