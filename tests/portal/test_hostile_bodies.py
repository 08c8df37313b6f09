"""Bodies of programs that are let in: each field of a right body is replaced by what no database or parser takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from portal.api.v1.api import api
from tests import cast
from tests.portal.api.test_portal_tokens import make
from tests.sso.conftest import DEVICE_CODE, DEVICE_REGISTRATION, REGISTRATION, Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEEP: Any = json.loads("[" * 300 + "]" * 300)
HOSTILE: tuple[Any, ...] = (
    "x\x00y",
    "\ud800",
    "x\n\x1b[31m\u202ey",
    "9" * 5000,
    2**63,
    -(2**63) - 1,
    10**400,
    float("nan"),
    float("inf"),
    DEEP,
    {"x\x00": "\ud800"},
    None,
)


@pytest.fixture(autouse=True)
def _no_limits(settings: Settings) -> None:
    for limit in ("API_RATE_LIMIT", "SSO_RATE_LIMIT", "SSO_LIST_RATE_LIMIT"):
        setattr(settings, limit, "1000000/second")


@pytest.fixture
def program() -> Program:
    return Program()


def replaced(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield the body with one value, at any depth, replaced; and what was replaced by what."""
    for path in _paths(body):
        for hostile in HOSTILE:
            changed = deepcopy(body)
            inside = changed
            for key in path[:-1]:
                inside = inside[key]
            inside[path[-1]] = hostile
            yield f"{'.'.join(map(str, path))} = {hostile!r:.30}", changed


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _paths(value[key], (*path, key))


def defects(send: Callable[[Any], Any], body: Any) -> list[tuple[str, int]]:
    """Send each changed body; return those that were a defect of the portal."""
    found = []
    for what, changed in replaced(body):
        answer = send(changed)
        if answer.status_code >= 500:
            found.append((what, answer.status_code))
    return found


def test_what_registers_and_asks_for_codes_and_tokens_may_send_anything(program: Program) -> None:
    assert defects(lambda body: program.post("/client/register", body), REGISTRATION) == []
    begun = program.begin()
    ask = {**program.client, "startUrl": "https://portal.example"}
    assert defects(lambda body: program.post("/device_authorization", body), ask) == []
    poll = {**program.client, "grantType": DEVICE_CODE, "deviceCode": begun["deviceCode"]}
    assert defects(lambda body: program.post("/token", body), poll) == []
    assert defects(lambda body: program.post("/client/register", body), DEVICE_REGISTRATION) == []


def test_what_has_been_let_in_may_send_anything(program: Program) -> None:
    tokens = program.login()
    code = program.code(cast.signed_in("alice"))
    for grant in (
        {"grantType": "authorization_code", "code": code, "codeVerifier": program.verifier},
        {"grantType": "refresh_token", "refreshToken": tokens["refreshToken"]},
    ):
        body = {**program.client, "redirectUri": "http://127.0.0.1:51234/oauth/callback", **grant}
        assert defects(lambda sent: program.post("/token", sent), body) == []
    token = program.login()["accessToken"]
    role = {"account_id": "210987654321", "role_name": "Nothing"}
    page = {"max_result": "5", "next_token": "x"}
    for path, query in (
        ("/assignment/accounts", page),
        ("/assignment/roles", {**role, **page}),
        ("/federation/credentials", role),
    ):

        def send(changed: Any, path: str = path) -> Any:
            fields = {
                name: str(value)[:4000].encode(errors="replace").decode()
                for name, value in changed.items()
            }
            return program.get(path, token, **fields)

        assert send(query).status_code < 500
        assert defects(send, query) == []


def test_a_program_with_a_valid_token_of_the_api_may_send_anything(client: Client) -> None:
    document = api.get_openapi_schema()
    headers = {"Authorization": f"Bearer {make('carol')}"}
    client.raise_request_exception = False
    asked = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" not in operation:
                continue
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = document["components"]["schemas"][name.rpartition("/")[2]]
            [example] = schema["examples"]
            others = [field for field in schema["properties"] if field not in example]

            def send(
                body: Any,
                path: str = path.replace("{", "").replace("}", ""),
                method: str = method,
            ) -> Any:
                return client.generic(
                    method.upper(),
                    path,
                    json.dumps(body),
                    content_type="application/json",
                    headers=headers,
                )

            asked[path] = defects(send, example)
            for field in others:
                bodies = ({**example, field: hostile} for hostile in HOSTILE)
                asked[path] += [(field, send(body).status_code) for body in bodies]

    # AWS is not there; what is right up to there is 502 or 503.
    bad = {path: [one for one in found if one[1] == 500] for path, found in asked.items()}
    assert {path: found for path, found in bad.items() if found} == {}
    assert {"/api/v1/keys", "/api/v1/console"} <= {*asked}
