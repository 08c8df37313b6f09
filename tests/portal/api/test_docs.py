"""The OpenAPI document and the page made from it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from ninja import Schema

from portal.api.v1 import (
    audit_schemas,
    audit_traces,
    directory_schemas,
    error_schemas,
    explanation_schemas,
    onboarding_schemas,
    plan_schemas,
    revocation_schemas,
    schemas,
    trust_check_schemas,
)
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

MODULES = (
    audit_schemas,
    audit_traces,
    directory_schemas,
    error_schemas,
    explanation_schemas,
    onboarding_schemas,
    plan_schemas,
    revocation_schemas,
    schemas,
    trust_check_schemas,
)
# What may be asked without a token.
PUBLIC = {"client"}
OPERATIONS = {
    "client",
    "me",
    "aws_config",
    "entitlements",
    "keys",
    "console",
    "accounts",
    "permission_sets",
    "mappings",
    "onboarding",
    "trust_checks",
    "revoke",
    "plan",
    "apply_plan",
    "revocation",
    "audit",
    "audit_trace",
    "audit_uses",
    "explain",
    "who_can",
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
    [(name, scheme)] = found["components"]["securitySchemes"].items()
    assert (name, scheme["type"], scheme["scheme"]) == ("Bearer", "http", "bearer")
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
                assert schema == {"$ref": "#/components/schemas/ErrorOut"}


def test_document_says_what_everything_is(program: Program) -> None:
    found = document(program)

    told = [("info", found["info"])]
    for path, methods in found["paths"].items():
        for operation in methods.values():
            told.append((path, operation))
            told += [
                (path, one) for one in (*operation["parameters"], *operation["responses"].values())
            ]
            assert operation["summary"]
            assert operation["tags"][0] in {tag["name"] for tag in found["tags"]}
    for name, schema in found["components"]["schemas"].items():
        told.append((name, schema))
        # What is another schema is described there.
        told += [
            (f"{name}.{member}", one)
            for member, one in schema["properties"].items()
            if "$ref" not in one
        ]
    assert len(told) > 200
    assert [where for where, one in told if not one.get("description", "").strip()] == []


def test_document_says_when_to_come_back(program: Program) -> None:
    for path in document(program)["paths"].values():
        for one in path.values():
            assert all(
                ("Retry-After" in answer["headers"]) == (status in ("429", "503"))
                for status, answer in one["responses"].items()
            )


def test_examples_are_what_the_document_says(program: Program) -> None:
    found = document(program)
    defined = found["components"]["schemas"]
    shown = {name: schema["examples"] for name, schema in defined.items() if "examples" in schema}

    for name, examples in shown.items():
        for example in examples:
            module = next(one for one in MODULES if hasattr(one, name))
            schema = getattr(module, name).model_validate(example)
            written = json.loads(schema.model_dump_json(exclude_unset=True))
            assert written == example
            assert name.endswith("In") or set(example) == set(defined[name]["properties"])
    for path in found["paths"].values():
        for one in path.values():
            contents = [
                one["responses"]["200"],
                *([one["requestBody"]] if "requestBody" in one else []),
            ]
            for content in contents:
                ref = content["content"]["application/json"]["schema"]["$ref"]
                assert ref.rpartition("/")[2] in shown


def test_examples_of_errors_have_their_shape_and_their_status(program: Program) -> None:
    for path in document(program)["paths"].values():
        for one in path.values():
            for status, answer in one["responses"].items():
                if status != "200":
                    example = answer["content"]["application/json"]["example"]
                    error_schemas.ErrorOut.model_validate(example)


def test_page_leads_to_nothing_that_it_does_not_show(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    within = set(re.findall(r'href="#([^"]+)"', page))

    assert {"EntitlementOut", "ReasonOut", "AccountOut", "AuditEventOut", "ScopeOut"} <= within
    assert [name for name in within if f'id="{name}"' not in page] == []
    assert "`" not in page


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


def test_no_two_schemas_have_one_name() -> None:
    """The document names each form once: of two with one name it would show one, and be wrong about the other."""
    names = [
        name
        for module in MODULES
        for name, found in vars(module).items()
        if isinstance(found, type)
        and issubclass(found, Schema)
        and found.__module__ == module.__name__
    ]

    assert sorted(names) == sorted(set(names))
