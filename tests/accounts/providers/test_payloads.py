"""What each provider sends gives the roles that its page in docs/providers/ promises, or says why not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from accounts.entitlements import Entitlements, resolve
from accounts.oidc.subjects import merge_userinfo, subject
from accounts.plans.toml_file.apply import apply_file
from accounts.types import Origin, Surface
from tests import cast

pytestmark = pytest.mark.django_db

PAGES = Path(__file__).parents[3] / "docs" / "providers"
PAYLOADS = sorted(Path(__file__).with_name("payloads").glob("*.json"))
"""Each: `page`, `id_token`, `roles`; where documented `userinfo` and `access_token` (with what it gives). `environment`
and `more` (mappings) say what differs from the page."""


def blocks(page: str, language: str) -> list[str]:
    text = (PAGES / f"{page}.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def environment_on(page: str) -> dict[str, str]:
    lines = "".join(blocks(page, "sh"))
    return dict(re.findall(r"^(OIDC_\w+)=(.*?)(?:\s+#.*)?$", lines, re.MULTILINE))


def company() -> None:
    places = (
        ("payments-dev", "210987654321", "development", "Workloads/Payments"),
        ("payments-prod", "123456789012", "production", "Workloads/Payments"),
        ("sandbox", "345678901234", "sandbox", "Sandboxes"),
    )
    names = ("ReadOnly", "Developer", "Operator", "Administrator")
    roles = [cast.permission_set(name) for name in names]
    for name, account_id, environment, unit in places:
        place = cast.account(name, account_id, environment=environment, organizational_unit=unit)
        for role in roles:
            cast.offer(place, role)


def names(found: Entitlements) -> list[str]:
    return sorted(f"{one.role.account_name}/{one.role.role_name}" for one in found.granted)


def problems(found: Entitlements) -> dict[str, str]:
    return {problem.claim: problem.code for problem in found.problems}


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_the_payload_of_a_provider_gives_the_roles_of_its_page(path: Path, settings: Any) -> None:
    payload = json.loads(path.read_text())
    page, id_token = payload["page"], payload["id_token"]
    environment = environment_on(page) | payload.get("environment", {})
    settings.OIDC_ISSUER = re.sub(r"<[^>]+>", _placeholder(id_token), environment["OIDC_ISSUER"])
    settings.OIDC_USERINFO = environment.get("OIDC_USERINFO", "optional")
    settings.OIDC_EMAIL_IS_VERIFIED = environment.get("OIDC_EMAIL_IS_VERIFIED") == "True"
    company()
    mappings = "".join([*blocks(page, "toml"), payload.get("more", "")])
    origin = Origin(surface=Surface.COMMAND)
    apply_file(text=mappings, name="page.toml", actor="carol", origin=origin, now=cast.NOON)

    assert id_token["iss"] == settings.OIDC_ISSUER
    more = {} if settings.OIDC_USERINFO == "never" else payload.get("userinfo", {})
    claims = merge_userinfo(id_token, more)
    found = resolve(subject=subject(issuer=id_token["iss"], claims=claims), now=cast.NOON)
    assert (names(found), problems(found)) == (payload["roles"], payload.get("problems", {}))

    if "access_token_roles" in payload:
        token = payload["access_token"]
        found = resolve(subject=subject(issuer=token["iss"], claims=token), now=cast.NOON)
        expected = payload["access_token_roles"], payload.get("access_token_problems", {})
        assert (names(found), problems(found)) == expected


def _placeholder(id_token: dict[str, Any]) -> str:
    """What stands in the page's issuer as <tenant id> or <environment id>."""
    return str(id_token.get("tid") or id_token.get("env"))


def test_each_provider_has_a_page_with_a_configuration_and_a_payload() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}

    assert {json.loads(path.read_text())["page"] for path in PAYLOADS} == pages
    assert [page for page in sorted(pages) if not blocks(page, "toml")] == []
