"""The accounts app: AWS accounts, roles, mappings and the door to keys."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Registers the tables."""

    name = "accounts"
    verbose_name = "AWS access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Watch the directory and mappings from the moment there are tables, and the connections."""
        from accounts.pool import replace_broken
        from accounts.revisions import watch

        connection_created.connect(replace_broken, dispatch_uid="accounts.pool")
        post_migrate.connect(watch, sender=self, dispatch_uid="accounts.revisions")
