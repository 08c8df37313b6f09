"""Write the JSON schema of TOML files, for editors: `manage.py plan_schema`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from accounts.plans.toml_file.schema import schema


class Command(BaseCommand):
    help = "Write the JSON schema of the files that `manage.py plan` reads, for editors."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        self.stdout.write(json.dumps(schema(), indent=2))
