"""Fill the database of the environment: `python -m bench.prepare TOKEN TOKEN`; print what is needed to ask.

The tokens are of a program in a few groups of the company of 300 accounts, and of one in 200 groups of that of 3,000.
"""

from __future__ import annotations

import json
import random
import sys

import django
from django.core.management import call_command
from django.utils import timezone

SIZES = {"20": ("Tiny", 5), "300": ("Small", 300), "3000": ("Large", 3000)}
"""Accounts of each company, by the number that the bench calls it: five accounts of four roles are 20 roles."""


def main() -> None:
    """Make the tables, the static files, the companies and the people."""
    django.setup()
    from bench import company
    from bench.tokens import FEW, MANY

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    chance = random.Random(1)
    cookies = {}
    for name, (top, size) in SIZES.items():
        accounts = company.build(top, size, chance=chance)
        cookies[name] = company.signed_in(top.lower(), top, accounts, now=timezone.now())
    roles = [company.a_role_arn("Small", FEW), company.a_role_arn("Large", MANY)]
    pages = [queries("/", cookie=cookie) for cookie in cookies.values()]
    keys = [
        queries("/api/credentials", role=role, token=token)
        for role, token in zip(roles, sys.argv[1:], strict=True)
    ]
    print(
        json.dumps(
            {
                "cookies": cookies,
                "role_arn": roles[0],
                "more_page_queries": max(pages) - min(pages),
                "more_key_queries": max(keys) - min(keys),
            }
        )
    )


def queries(path: str, *, cookie: str = "", token: str = "", **parameters: str) -> int:
    """Return how many queries an answer costs; the first of somebody costs more, which stores who they are."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS.append("testserver")
    client = Client(headers={"Authorization": f"Bearer {token}"} if token else None)
    if cookie:
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, parameters)
        assert answer.status_code == 200, answer.content
    return len(captured)


if __name__ == "__main__":
    main()
