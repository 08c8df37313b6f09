"""The probes: /healthz (the process answers) and /readyz (it can do its work)."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import jobs
from accounts.errors import GatehouseError
from accounts.models import Account
from accounts.models.directory import TrustMethod
from accounts.oidc import discovery, key_sets
from accounts.signing.web_identity import why_not_able_to_sign
from accounts.writability import why_not_writable
from portal import proxies

log = logging.getLogger(__name__)

_JOBS_ARE_LATE = timedelta(minutes=5)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 without asking anything, the database included."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer the state of each part: 200, or 503 if one is not "ok".

    AWS is not asked: pages and sign-in work without it. What a proxy drops is told, and does not count: another
    portal in its place would fare the same. So do jobs that nobody does.
    """
    parts = {
        "database": database(),
        "provider": identity_provider(),
        "signing_key": signing_key(),
    }
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {
            "status": "ok" if ready else "not ready",
            **parts,
            "jobs": waiting_jobs(),
            "proxy": proxies.verdict(),
        },
        status=200 if ready else 503,
    )


def database() -> str:
    """Return "ok" if the database is reachable, migrated and takes rows, else what is wrong."""
    try:
        refuses = why_not_writable()
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        log.warning("not ready: the database: %s", type(error).__name__)
        return "cannot be reached"
    if refuses:
        log.warning("not ready: the database is %s", refuses)
        return refuses
    return "migrations are pending: run manage.py migrate" if pending else "ok"


def identity_provider() -> str:
    """Return "ok" if the provider's documents and keys are known, else what is wrong."""
    try:
        key_sets.current(url=discovery.provider().jwks_uri)
    except GatehouseError as error:
        log.warning(
            "not ready: the identity provider %s: %s", settings.OIDC_ISSUER, error.admin_message
        )
        return f"not usable: {error.code}; the log says more"
    return "ok"


def waiting_jobs() -> str:
    """Return "ok", or what a worker should have done by now."""
    now = timezone.now()
    try:
        backlog = jobs.backlog(now=now)
    except DatabaseError:
        return "cannot be read"
    if backlog.since is not None and backlog.since < now - _JOBS_ARE_LATE:
        return f"{backlog.due} due, the first since {backlog.since:%Y-%m-%d %H:%M} UTC: does manage.py work run?"
    return f"{backlog.given_up} given up: see the admin" if backlog.given_up else "ok"


def signing_key() -> str:
    """Return "ok" if tokens for AWS can be signed, or no account needs them, else what is wrong."""
    try:
        if not Account.uses(TrustMethod.PORTAL_TOKEN):
            return "ok"
        fault = why_not_able_to_sign(now=timezone.now())
    except DatabaseError as error:
        log.warning("not ready: the signing key: %s", type(error).__name__)
        return "cannot be read"
    if fault:
        log.warning(
            "not ready: nobody can use accounts of the trust method portal-token: %s", fault
        )
        return "not usable; the log says more"
    return "ok"
