"""The accounts app: AWS accounts, roles, mappings and the door to keys."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the tables."""

    name = "accounts"
    verbose_name = "AWS access"
    default_auto_field = "django.db.models.BigAutoField"
