"""Plans by programs: who may not, what is refused, then a pipeline that plans and one that applies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import LazySettings

from accounts.models import AuditEvent, Environment, TrustedIssuer
from accounts.models.audit import Action
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_workloads import SUB, ci, job

__all__ = ["ci"]

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

NEW = '[[environment]]\nname = "staging"\nlabel = "Staging"\n'
BODY = {"files": {"company.toml": NEW}}


def found(answer: Any) -> Any:
    return json.loads(answer.content)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, found(answer)["error"]["code"]


def test_who_is_not_named_plans_nothing_and_who_plans_does_not_apply(
    ci: Issuer, program: Program, settings: LazySettings
) -> None:
    for wrong in (
        [],
        [ci.url],
        [f"{ci.url} other"],
        [f"https://other.example {SUB}"],
        [SUB],
        [f"{ci.url} "],
    ):
        settings.PLAN_WORKLOADS = wrong
        assert code(program.send("POST", "/api/v1/plans", job(ci), BODY)) == (
            403,
            "access.not_allowed",
        )

    settings.PLAN_WORKLOADS = [f"{ci.url} project_path:northwind/*"]
    plan = found(program.send("POST", "/api/v1/plans", job(ci), BODY))
    apply = f"/api/v1/plans/{plan['id']}/apply"
    assert code(program.send("POST", apply, job(ci))) == (403, "access.not_allowed")
    assert not Environment.objects.filter(name="staging").exists()

    settings.APPLY_WORKLOADS = [f"{ci.url} {SUB}"]
    done = program.send("POST", apply, job(ci))
    assert done.status_code == 200
    assert [each["change"] for each in found(done)["changes"]] == ["added"]
    assert Environment.objects.filter(name="staging").exists()
    row = AuditEvent.objects.get(action=Action.PLAN_APPLIED)
    assert row.detail["file"] == "company.toml"
    assert code(program.send("POST", apply, job(ci))) == (400, "plan.unknown")


def test_what_is_wrong_or_stale_or_locks_the_pipeline_out_is_refused(
    ci: Issuer, program: Program, settings: LazySettings
) -> None:
    settings.APPLY_WORKLOADS = [f"{ci.url} {SUB}"]
    wrong = {"files": {"a.toml": "[[acount]]"}}
    answer = program.send("POST", "/api/v1/plans", job(ci), wrong)
    assert code(answer) == (422, "plan.refused")
    assert found(answer)["error"]["message"].startswith("a.toml:1: ")

    plan = found(program.send("POST", "/api/v1/plans", job(ci), BODY))
    Environment.objects.update(label="Changed")
    apply = f"/api/v1/plans/{plan['id']}/apply"
    assert code(program.send("POST", apply, job(ci))) == (409, "plan.stale")

    issuer = TrustedIssuer.objects.get()
    off = (
        f'[[issuer]]\nname = "CI"\nurl = "{issuer.url}"\naudiences = ["{issuer.audiences[0]}"]\n'
        "enabled = false\n"
    )
    body = {"files": {"a.toml": off}}
    plan = found(program.send("POST", "/api/v1/plans", job(ci), body))
    apply = f"/api/v1/plans/{plan['id']}/apply"
    assert code(program.send("POST", apply, job(ci))) == (409, "plan.locks_out")
    assert TrustedIssuer.objects.get().enabled


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_examples_are_yaml_and_send_what_the_api_takes(name: str) -> None:
    text = Path("docs/examples", name).read_text()

    assert yaml.safe_load(text)
    assert '"$PORTAL/api/v1/plans"' in text
    assert re.search(r"/api/v1/plans/\$.*/apply", text)
    assert "{files: add, whole: true, manage: true, prune: true}" in text
    assert "{($name): $text}" in text


def test_only_what_is_said_to_be_all_files_removes_what_a_file_managed_that_is_gone(
    ci: Issuer, program: Program, settings: LazySettings
) -> None:
    settings.APPLY_WORKLOADS = [f"{ci.url} {SUB}"]
    first = {"files": {"gone.toml": NEW}, "manage": True}
    plan = found(program.send("POST", "/api/v1/plans", job(ci), first))
    assert program.send("POST", f"/api/v1/plans/{plan['id']}/apply", job(ci)).status_code == 200
    others = {
        "files": {
            f"{name}.toml": f'[[environment]]\nname = "{name}"\nlabel = "{name}"\n'
            for name in ("a", "b")
        },
        "prune": True,
    }

    part = found(program.send("POST", "/api/v1/plans", job(ci), others))
    whole = found(program.send("POST", "/api/v1/plans", job(ci), {**others, "whole": True}))

    assert [each["change"] for each in part["changes"]] == ["added", "added"]
    assert [each["name"] for each in whole["changes"] if each["change"] == "removed"] == ["staging"]
