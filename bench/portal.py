"""The portal under measurement: its database, who is signed in, what changes, what a page asks the database."""

from __future__ import annotations

import random

import django
from django.core.management import call_command
from django.utils import timezone


def prepare(sizes: dict[int, str]) -> dict[int, str]:
    """Make the database and the static files; return a session's cookie for each size of company."""
    django.setup()
    from bench import company

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    chance = random.Random(1)
    return {
        size: company.signed_in(
            top.lower(), top, company.build(top, size, chance=chance), now=timezone.now()
        )
        for size, top in sizes.items()
    }


def a_role_arn(top: str, groups: tuple[str, ...]) -> str:
    """Return the ARN of a role below `top` that somebody in these groups has."""
    from accounts.models import AccountRole, Mapping

    units = Mapping.objects.filter(value__in=groups).values("targets__unit", "permission_set")
    given = units.order_by("value").first()
    assert given, f"nobody of {top} is in these groups"
    role = AccountRole.objects.select_related("account", "permission_set").filter(
        account__organizational_unit=given["targets__unit"],
        permission_set=given["permission_set"],
    )
    return role[0].arn


def change() -> None:
    """Change the directory, as an admin might at any time."""
    from accounts.models import Environment

    Environment.objects.update(colour="red")


def queries(cookies: dict[int, str]) -> dict[str, int]:
    """Return how many queries the start page costs each of them, with nothing remembered from before."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS.append("testserver")
    counts = {}
    for size, cookie in cookies.items():
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        counts[str(size)] = len(captured)
    return counts
