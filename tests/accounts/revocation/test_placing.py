"""Placing: many accounts in bounded time, accounts that refuse or do not answer, what comes late, what is too old."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from moto.iam.models import iam_backends
from pytest_django import Settings

from accounts import revocation
from accounts.models import Account, AccountRole, AuditEvent, Job
from accounts.models import Revocation as Row
from accounts.models.audit import Action
from accounts.models.revocations import Reach
from accounts.onboarding.trust_policies import trust_of_revoker
from accounts.revocation import Request
from accounts.worker.handlers import HANDLERS
from accounts.worker.loop import Worker
from tests import cast
from tests.accounts.onboarding import portals
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = pytest.mark.wire

MANY = int(os.environ.get("GATEHOUSE_REVOCATION_ACCOUNTS", "60"))
"""1000 took 148 seconds on two busy cores that were the portal, the worker and AWS as well."""
SECONDS = 60.0 + MANY / 2
"""Far more than it takes, so that only what hangs fails."""


def ask(reach: Reach = Reach.EVERYTHING, **more: Any) -> Row:
    request = Request(reach=reach, reason="leaked", **more)
    return revocation.ask(request, by="root", origin=cast.ORIGIN, now=timezone.now()).revocation


@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite in memory lets no thread read while another writes",
)
def test_many_accounts_by_the_worker_in_bounded_time(
    transactional_db: None, strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings
) -> None:
    portals.publish(strict_aws, web_issuer, settings)
    everywhere = cast.permission_set("ReadOnly")
    accounts = Account.objects.bulk_create(
        Account(
            account_id=f"5{number:011}",
            name=f"a{number}",
            revoker_external_id=f"gatehouse:{number}",
            external_id=f"gatehouse:of-{number}",
        )
        for number in range(MANY)
    )
    AccountRole.objects.bulk_create(
        AccountRole(account=account, permission_set=everywhere) for account in accounts
    )
    nobody = json.dumps(policy(allow("sts:AssumeRole", Principal={"AWS": strict_aws.hub_arn})))
    for account in accounts:
        backend, trust = iam_backends[account.account_id]["aws"], trust_of_revoker(account)
        assert trust is not None
        for name, document in (
            ("ReadOnly", nobody),
            ("GatehouseRevoker", json.dumps(trust.policy())),
        ):
            backend.create_role(name, document, "/", None, "", [], "3600")

    began = time.monotonic()
    row = ask()
    asked = time.monotonic() - began
    Worker({"revocation": HANDLERS["revocation"]}, threads=2).run(once=True)
    while Job.objects.filter(finished_at=None).exists():
        assert time.monotonic() - began < SECONDS
        Worker({"revocation": HANDLERS["revocation"]}, threads=2).run(once=True)
    took = time.monotonic() - began

    progress = revocation.progress_of(row)
    print(f"\n{MANY} accounts: asked in {asked:.1f} s, {progress} ({took:.1f} s with the worker)")
    assert (progress.accounts_placed, progress.accounts) == (MANY, MANY)
    assert asked < 5
    assert took < SECONDS
    assert AuditEvent.objects.filter(action=Action.CUT_PLACED).count() == MANY
