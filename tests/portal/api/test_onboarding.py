"""The API that makes accounts trust the portal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import Account
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

pytestmark = pytest.mark.usefixtures("northwind")

PATH = "/api/v1/onboarding"
DEV = "210987654321"


def ask(program: Program, token: str, **body: Any) -> tuple[int, Any]:
    answer = program.send("POST", PATH, token, {"form": "aws-cli", **body})
    return answer.status_code, json.loads(answer.content)


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_only_portal_admins_get_files(program: Program, issuer: Issuer, who: str) -> None:
    status, body = ask(program, issuer.token(who))

    assert (status, body["error"]["code"]) == (403, "access.not_allowed")


def test_auditors_get_none_either_and_no_external_id_is_made(
    program: Program, issuer: Issuer
) -> None:
    token = issuer.token("olga", groups=["portal-auditors"])

    assert ask(program, token)[0] == 403
    assert not Account.objects.exclude(external_id="").exists()


def test_an_admin_gets_the_files_of_some_accounts_or_all(program: Program, issuer: Issuer) -> None:
    token = issuer.token("carol")

    status, some = ask(program, token, account_ids=[DEV])
    assert status == 200
    assert [one["path"] for one in some["documents"]] == [f"{DEV}.sh"]
    assert Account.objects.get(account_id=DEV).external_id in some["documents"][0]["text"]
    assert len(ask(program, token)[1]["documents"]) == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account_ids": ["999999999999"]}, 400, "onboarding.no_accounts"),
        ({"form": "stack-set"}, 400, "onboarding.organizational_unit"),
        ({"form": "yaml"}, 422, "request.not_valid"),
        ({"more": 1}, 422, "request.not_valid"),
    ],
)
def test_what_cannot_be_is_refused(
    program: Program, issuer: Issuer, body: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(program, issuer.token("carol"), **body)

    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
