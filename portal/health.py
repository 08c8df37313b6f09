"""Whether the process answers, and whether it can do its work."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.errors import GatehouseError
from accounts.oidc import discovery, keys

log = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process is there; asks nobody, the database included."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer what works and what does not: 200, or 503 if anything is missing.

    AWS is not asked: the page and sign-in work without it.
    """
    parts = {"database": database(), "provider": identity_provider()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "not ready", **parts}, status=200 if ready else 503
    )


def database() -> str:
    """Return "ok" for a database that this version can work with, else what is wrong with it."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        log.warning("not ready: the database: %s", type(error).__name__)
        return "cannot be reached"
    return "migrations are pending: run manage.py migrate" if pending else "ok"


def identity_provider() -> str:
    """Return "ok" for a provider whose keys are at hand, else what is wrong with it."""
    try:
        keys.current(url=discovery.provider().jwks_uri)
    except GatehouseError as error:
        log.warning(
            "not ready: the identity provider %s: %s", settings.OIDC_ISSUER, error.admin_message
        )
        return f"not usable: {error.code}; the log says more"
    return "ok"
