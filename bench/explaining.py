"""Measure explanations in the largest company: `python -m bench.explaining`. Seconds, seconds of the processor, and queries, in one process, on SQLite.

It takes some minutes, most of them to store the company: 5,000 accounts, 100,000 roles, 20,000 mappings, 2,000 people.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Store the company in a database of its own, ask each question twice, and print the second time."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as home:
        os.environ["DATABASE_URL"] = f"sqlite:///{home}/explaining.sqlite3"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        for what, act in _questions().items():
            act()
            print(f"{what:60} {_measured(act)}", flush=True)


def _measured(act: Callable[[], Any]) -> str:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    begin, worked = time.perf_counter(), time.process_time()
    with CaptureQueriesContext(connection) as captured:
        act()
    took, worked = time.perf_counter() - begin, time.process_time() - worked
    return f"{took:6.2f} s, {worked:6.2f} s of the processor {len(captured):4} queries"


def _questions() -> dict[str, Callable[[], Any]]:
    """Store the company, and return what is asked."""
    from django.conf import settings
    from django.utils import timezone

    from accounts import entitlements
    from accounts.types import Subject
    from bench import large_company
    from bench.large_company import account_id, many_groups, set_name
    from tests import cast

    settings.ALLOWED_HOSTS.append("testserver")
    large_company.build()
    somebody = Subject(large_company.ISSUER, "many", claims={"groups": many_groups()})
    cast.sign_in(somebody)
    carol = cast.signed_in("carol")
    one = account_id(7)

    def page(path: str, *, status: int = 200) -> Callable[[], None]:
        def get() -> None:
            answer = carol.get(path)
            assert answer.status_code == status, answer.status_code
            if answer.streaming:
                for _ in answer:
                    pass

        return get

    return {
        "entitlements of 2,000 groups": lambda: entitlements.resolve(
            subject=somebody, now=timezone.now()
        ),
        "/explain: a person with 2,000 groups": page("/explain?person=many"),
        "/explain: why not one role": page(
            f"/explain?person=many&account_id={one}&role_name={set_name(3)}"
        ),
        "/explain/who: one account": page(f"/explain/who?account_id={one}"),
        "/explain/who: one role of one account": page(
            f"/explain/who?account_id={one}&role_name={set_name(3)}"
        ),
        "/explain/who: one role everywhere": page(f"/explain/who?role_name={set_name(3)}"),
        "/explain/who: one environment": page("/explain/who?environment=production"),
        "/explain/who: anything privileged": page("/explain/who?privileged=1"),
        "/explain/who: one role of one account, CSV": page(
            f"/explain/who?account_id={one}&role_name={set_name(3)}&format=csv"
        ),
        "/explain/who: anything privileged, CSV": page("/explain/who?privileged=1&format=csv"),
    }


if __name__ == "__main__":
    main()
