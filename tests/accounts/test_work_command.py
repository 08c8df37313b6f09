"""`manage.py work` as a process: ended by its supervisor, and on an empty database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, manage

pytestmark = pytest.mark.wire


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    variables = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'gatehouse.sqlite3'}",
        "PYTHONUNBUFFERED": "1",
    }
    manage(variables, "migrate")
    return variables


WORKERS = """
import threading
from datetime import UTC, datetime

import django

django.setup()

from django.db import connection

from accounts import jobs
from accounts.worker.handlers import Handler
from accounts.worker.loop import Worker

done = []
for number in range(40):
    jobs.add("count", {"number": number}, now=datetime.now(UTC))


def work():
    handler = Handler(lambda payload, now: done.append(payload["number"]))
    Worker({"count": handler}, threads=4).run(once=True)
    connection.close()


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(done) == list(range(40)), jobs.backlog(now=datetime.now(UTC)).due)
"""


def test_workers_on_one_sqlite_file_do_each_job_once(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKERS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["True", "0"], done.stderr


def test_worker_ends_at_sigterm_and_says_what_it_does(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "purge" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_worker_on_a_database_without_tables_says_what_to_do(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path / 'empty.sqlite3'}"

    done = subprocess.run(
        [sys.executable, "manage.py", "work", "--once"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr
