"""The OpenAPI document and the page made from it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from tests.portal.api.conftest import Issuer, Program

# What may be asked without a token.
PUBLIC = {"client"}
OPERATIONS = {
    "client",
    "me",
    "entitlements",
    "keys",
    "console",
    "accounts",
    "permission_sets",
    "mappings",
    "audit",
}


def document(program: Program) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(program.get("/api/v1/openapi.json").content)
    return found


@pytest.mark.parametrize("path", ["/api/docs", "/api/v1/openapi.json"])
def test_the_document_is_made_once_however_many_strangers_ask_for_it(
    program: Program, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    before = program.get(path).content

    def again(*args: Any, **options: Any) -> None:
        raise AssertionError("the document is made anew")

    monkeypatch.setattr("ninja.main.get_schema", again)

    assert program.get(path).content == before


def test_document_is_openapi_3_1_and_asks_for_a_bearer_token_but_where_it_is_public(
    program: Program,
) -> None:
    found = document(program)

    assert found["openapi"].startswith("3.1")
    assert found["components"]["securitySchemes"] == {
        "Bearer": {"type": "http", "scheme": "bearer"}
    }
    operations = [one for path in found["paths"].values() for one in path.values()]
    assert {one["operationId"] for one in operations} == OPERATIONS
    assert {one["operationId"] for one in operations if "security" not in one} == PUBLIC
    assert all(one.get("security", [{"Bearer": []}]) == [{"Bearer": []}] for one in operations)


def test_every_operation_documents_its_errors_in_the_one_shape(program: Program) -> None:
    found = document(program)

    for path in found["paths"].values():
        for one in path.values():
            errors = {code for code in one["responses"] if code != "200"}
            usual = {"422", "429", "503"} | ({"401"} if one["operationId"] not in PUBLIC else set())
            assert usual <= errors
            for code in errors:
                schema = one["responses"][code]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_page_names_every_operation_and_loads_nothing_from_elsewhere(client: Client) -> None:
    answer = client.get("/api/docs")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert all(f'id="{name}"' in page for name in OPERATIONS)
    assert "secret_access_key" in page
    assert "<script" not in page
    assert " style=" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/docs"])
def test_document_and_page_need_no_database(program: Program, path: str) -> None:
    assert program.get(path).status_code == 200


def test_page_shows_no_name_of_somebody_signed_in(issuer: Issuer, program: Program) -> None:
    answer = program.send("GET", "/api/docs", headers={"Cookie": "gatehouse=anything"})

    assert answer.status_code == 200
