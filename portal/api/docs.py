"""The API's own page of documentation, made from its OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.api.errors import for_programs
from portal.api.v1.surface import api


@for_programs
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters, what it takes and what it answers."""
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    schemas = document["components"]["schemas"]
    operations = [
        _operation(path, method, found, schemas)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    ]
    return render(request, "api/docs.html", {"operations": operations, "document": document})


def _operation(
    path: str, method: str, found: dict[str, Any], schemas: dict[str, Any]
) -> dict[str, Any]:
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = found["responses"]
    return {
        "id": found["operationId"],
        "path": path,
        "method": method.upper(),
        "summary": found.get("description") or found["summary"],
        "parameters": [
            {
                "name": parameter["name"],
                "type": _type(parameter["schema"]),
                "about": parameter["schema"].get("description", ""),
            }
            for parameter in found.get("parameters", [])
        ],
        "body": _fields(body.get("schema", {}), schemas),
        "answer": _fields(answers[200]["content"]["application/json"]["schema"], schemas),
        "errors": sorted(status for status in answers if status != 200),
    }


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, str]]:
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    return [
        {"name": name, "type": _type(found), "about": found.get("description", "")}
        for name, found in named.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "enum" in schema:
        return " or ".join(json.dumps(one) for one in schema["enum"])
    bounds = [
        f"{words} {schema[name]}"
        for name, words in (("minimum", "from"), ("maximum", "to"))
        if name in schema
    ]
    kind = schema.get("format") or schema.get("type", "anything")
    return " ".join([str(kind), *bounds])
