"""The API's page of documentation, made from its OpenAPI document without scripts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from portal.api.errors import api_view
from portal.api.v1.api import api

_HEADER = 'curl --header "Authorization: Bearer $TOKEN"'


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a schema."""

    name: str
    type: SafeString
    about: SafeString


@api_view
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters, its request and its responses."""
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    schemas = document["components"]["schemas"]
    operations = [
        _operation(path, method, found, schemas)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    ]
    nested = sorted(_nested([one["answer_name"] for one in operations], schemas))
    context = {
        "operations": operations,
        "parts": [
            {
                "name": name,
                "about": _words(schemas[name]["description"]),
                "fields": _fields(schemas[name]),
            }
            for name in nested
        ],
        "about": [_words(text) for text in document["info"]["description"].split("\n\n")],
        "base_url": settings.BASE_URL,
        "header": _HEADER,
        "openapi": document["openapi"],
    }
    return render(request, "api/docs.html", context)


def _operation(
    path: str, method: str, found: dict[str, Any], schemas: dict[str, Any]
) -> dict[str, Any]:
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    request_schema = _named(body.get("schema", {}), schemas)
    answers = found["responses"]
    answer_schema = answers[200]["content"]["application/json"]["schema"]
    answer = _named(answer_schema, schemas)
    return {
        "id": found["operationId"],
        "path": path,
        "method": method.upper(),
        "summary": found["summary"],
        "about": _words(found["description"]),
        "parameters": [
            Field(one["name"], _type(one["schema"]), _words(one["description"]))
            for one in found.get("parameters", [])
        ],
        "body": _fields(request_schema),
        "command": _command(path, method, found, request_schema.get("examples", [])),
        "answer_name": _name(answer_schema),
        "answer": _fields(answer),
        "example": json.dumps(answer["examples"][0], indent=4, ensure_ascii=False),
        "errors": [
            {"status": status, "about": one["description"]}
            for status, one in sorted(answers.items())
            if status != 200
        ],
    }


def _command(path: str, method: str, found: dict[str, Any], examples: list[Any]) -> str:
    words = _HEADER if "security" in found else "curl"
    if method == "post" and not examples:
        words += " --request POST"
    if examples:
        words += f" \\\n    --json {shlex.quote(json.dumps(examples[0]))}"
    # {revocation_id} becomes $REVOCATION_ID, a variable of the shell as $TOKEN is.
    address = re.sub(r"\{(\w+)\}", lambda found: f"${found[1].upper()}", path)
    # What an operation cannot do without has an example in the document.
    asked = {
        one["name"]: json.dumps(one["schema"]["examples"][0]).strip('"')
        for one in found.get("parameters", ())
        if "examples" in one["schema"]
    }
    query = f"?{urlencode(asked)}" if asked else ""
    return f"{words} \\\n    {settings.BASE_URL}{address}{query}"


def _nested(names: list[str], schemas: dict[str, Any]) -> set[str]:
    """Return the names of the schemas within these, at any depth."""
    found: set[str] = set()
    while names:
        members = schemas[names.pop()].get("properties", {}).values()
        for name in {one for member in members for one in _names_in(member)} - found:
            found.add(name)
            names.append(name)
    return found


def _names_in(schema: dict[str, Any]) -> Iterator[str]:
    if name := _name(schema):
        yield name
    for one in (*schema.get("anyOf", ()), schema.get("items", {})):
        if one:
            yield from _names_in(one)


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _named(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = schemas.get(_name(schema), schema)
    return named


def _fields(schema: dict[str, Any]) -> list[Field]:
    return [
        Field(name, _type(found), _words(found["description"]))
        for name, found in schema.get("properties", {}).items()
    ]


def _words(text: str) -> SafeString:
    """Return a text as HTML, with code where it has backticks."""
    pieces = text.split("`")
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<code>{}</code>", one) if at % 2 else one,)
            for at, one in enumerate(pieces)
        ),
    )


def _type(schema: dict[str, Any]) -> SafeString:
    if "anyOf" in schema:
        return format_html_join(" or ", "{}", ((_type(one),) for one in schema["anyOf"]))
    if name := _name(schema):
        return format_html('<a href="#{0}">{0}</a>', name)
    if schema.get("type") == "array":
        return format_html("list of {}", _type(schema["items"]))
    if "enum" in schema:
        return format_html_join(" or ", "{}", ((json.dumps(one),) for one in schema["enum"]))
    bounds = [
        f"{words} {schema[name]}"
        for name, words in (("minimum", "from"), ("maximum", "to"))
        if name in schema
    ]
    kind = schema.get("format") or schema.get("type", "anything")
    return format_html("{}", " ".join([str(kind), *bounds]))
