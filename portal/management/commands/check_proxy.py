"""Check the proxies in front of the running portal: `manage.py check_proxy`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.proxies import Verdict, check


class Command(BaseCommand):
    help = "Ask the running portal at BASE_URL whether what the AWS CLI sends arrives; exit with 0 or 1."

    def handle(self, **options: Any) -> None:
        finding = check()
        if finding.verdict is not Verdict.OK:
            raise CommandError(finding.message)
        self.stdout.write(f"What the AWS CLI sends to {settings.BASE_URL} arrives.")
