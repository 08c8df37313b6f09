"""The portal's app, and Django's admin with the portal's own site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        # Each module registers its checks when it is imported.
        from portal import audit_checks, checks, issuer_checks, onboarding_checks  # noqa: F401
        from portal.api import checks as api_checks  # noqa: F401
        from portal.signin import checks as signin_checks  # noqa: F401


class AdminConfig(DjangoAdminConfig):
    default_site = "portal.admin.site.PortalAdminSite"

    def ready(self) -> None:
        super().ready()
        # Each module registers its pages when it is imported.
        from portal.admin import (  # noqa: F401
            audit,
            blocks,
            directory,
            issuers,
            jobs,
            mappings,
            people,
            permission_sets,
            revocations,
            signing_keys,
            signins,
            tokens,
        )
