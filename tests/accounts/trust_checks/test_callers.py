"""The trust policies that the portal writes let in what the portal sends, and nothing in them is dangerous."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from accounts import directory
from accounts.aws import existing_roles
from accounts.aws.trust_policies import Verdict, judge
from accounts.models import AccountRole
from accounts.onboarding import trust_policy
from accounts.trust_checks import requests
from accounts.trust_checks.callers import Callers
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

HUB = "arn:aws:iam::999988887777:role/gatehouse-hub"


@pytest.mark.parametrize("method", ["hub", "portal-token", "user-token"])
def test_what_onboarding_writes_fits_what_a_test_asks_for(
    method: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_URL = settings.TRUST_ISSUER = "https://aws.northwind.example"
    settings.OIDC_ISSUER = "https://id.northwind.example/tenant"
    session = f"{HUB.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/task-1"
    monkeypatch.setattr(existing_roles, "arn_of_hub", lambda **_: session)
    role = AccountRole.objects.filter(permission_set__name="Developer")[0]
    role.account.trust_method = method
    role.account.external_id = "northwind:payments"
    role.account.save()
    role.subjects = ["sub-*"]
    role.save()
    if method != "user-token":
        role.permission_set.claim_tags = {"team": "team"}
        role.permission_set.source_identity_claim = "team"
        role.permission_set.save()
    (offered,) = directory.roles_by_id([role.pk])
    request, refusal = requests.as_people_get_it(offered, cast.subject("carol"))
    assert refusal is None

    caller = Callers()(request)

    assert caller is not None
    document: dict[str, Any] = trust_policy(role.account, role)
    judgement = judge(document, caller)
    assert (judgement.verdict, judgement.faults, judgement.dangers) == (Verdict.FITS, (), ())
    assert len(caller.actions) == (1 if method == "user-token" else 3)
