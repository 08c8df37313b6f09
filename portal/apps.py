"""The portal app, and Django's admin with our site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class PortalConfig(AppConfig):
    """Registers the system checks."""

    name = "portal"

    def ready(self) -> None:
        """Load the checks, which register themselves."""
        from portal import checks  # noqa: F401
        from portal.api import checks as api_checks  # noqa: F401
        from portal.signin import checks as signin_checks  # noqa: F401


class AdminConfig(DjangoAdminConfig):
    """Django's admin, under our sign-in and our look."""

    default_site = "portal.admin.site.PortalAdminSite"

    def ready(self) -> None:
        """Load the pages, which register themselves with the site."""
        super().ready()
        from portal.admin import (  # noqa: F401
            audit,
            directory,
            issuers,
            mappings,
            people,
            permission_sets,
            tokens,
        )
