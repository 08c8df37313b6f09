"""A scratch PostgreSQL, for tests and for a whole run of the suite.

`python -m tests.postgresql COMMAND ...` runs a command with DATABASE_URL set to a fresh cluster's database.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import processes, real_parts

AUDIT = "accounts_auditevent"
APPEND_ONLY = (AUDIT, "accounts_auditbatch", "accounts_auditpurge")


@dataclass(frozen=True)
class Cluster:
    """A running cluster: the DATABASE_URL of its superuser, its folder, and what runs pg_ctl on it."""

    url: str
    folder: Path
    run: Callable[..., None]

    def restart(self, mode: str) -> None:
        """Restart it, "fast" (sessions are ended) or "immediate" (as after a crash)."""
        self.run("pg_ctl", "restart", "--wait", f"--mode={mode}", f"--log={self.folder / 'log'}")

    def stop(self, mode: str) -> None:
        """Stop it."""
        self.run("pg_ctl", "stop", f"--mode={mode}")

    def start(self) -> None:
        """Start it again, with the options that it had."""
        self.run("pg_ctl", "start", "--wait", f"--log={self.folder / 'log'}")

    @contextmanager
    def small_disk(self, *, megabytes: int) -> Iterator[Path]:
        """Yield a folder for a tablespace on a disk of its own; skips the test where nobody may mount one."""
        disk = self.folder / "small"
        disk.mkdir()
        options = f"size={megabytes}m"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            disk.rmdir()
            real_parts.missing("A disk of its own", how_to_get_it="running as root, who may mount")
        try:
            if os.geteuid() == 0:
                shutil.chown(disk, "postgres", "postgres")
            yield disk
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
            disk.rmdir()


@contextmanager
def cluster() -> Iterator[str]:
    """Run a cluster that forgets everything at the end; yield the DATABASE_URL of its superuser."""
    with running_cluster() as running:
        yield running.url


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run a cluster that forgets everything at the end, and that can be restarted."""
    programs = real_parts.postgresql_bin()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    password = secrets.token_hex()
    port = processes.free_port()
    folder.joinpath("password").write_text(password)
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    user: list[str] = []
    if os.geteuid() == 0:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(folder / "password", "postgres", "postgres")

    def run(program: str, *options: str) -> None:
        # Output goes to a file: the server would keep a pipe open after pg_ctl has ended.
        with folder.joinpath("output").open("ab") as output:
            subprocess.run(
                [*user, programs / program, "--pgdata", folder / "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                check=True,
            )

    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        # Nothing outlives the run, so nothing needs to be safe on disk.
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    try:
        run(
            "initdb",
            "--username=gatehouse",
            "--auth=scram-sha-256",
            f"--pwfile={folder / 'password'}",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        with folder.joinpath("data", "postgresql.auto.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        found = Cluster(f"postgres://gatehouse:{password}@127.0.0.1:{port}/postgres", folder, run)
        found.start()
        try:
            yield found
        finally:
            with suppress(subprocess.CalledProcessError):  # A test may have stopped it.
                found.stop("immediate")
    except subprocess.CalledProcessError:
        sys.stderr.write(folder.joinpath("output").read_text())
        raise
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The DATABASE_URL of a scratch PostgreSQL, whatever database the suite itself runs on."""
    with cluster() as url:
        yield url


@contextmanager
def database_of_a_portal(folder: Path, *, name: str) -> Iterator[str]:
    """Yield the DATABASE_URL for a portal's own process: beside the suite's where that is PostgreSQL, else SQLite."""
    suite = os.environ.get("DATABASE_URL", "")
    if not suite.startswith("postgres"):
        yield f"sqlite:///{folder / 'portal.sqlite3'}"
        return
    with psycopg.connect(suite, autocommit=True) as connection:
        database = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(database))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
        yield f"{suite.rpartition('/')[0]}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture(scope="session", autouse=True)
def _audit_rows_go_between_tests() -> Iterator[None]:
    """Let Django empty all tables after a test that commits; the audit trail refuses TRUNCATE at all other times.

    Only the owner of the table can do this, and only here: within Django's own flush, in its transaction.
    """
    from django.db.backends.postgresql.operations import DatabaseOperations

    flush = DatabaseOperations.sql_flush

    def switch(how: str) -> list[str]:
        return [f"ALTER TABLE {table} {how} TRIGGER {table}_no_truncate;" for table in APPEND_ONLY]

    def permitted(self: DatabaseOperations, style: Any, tables: Any, **how: Any) -> list[str]:
        statements = flush(self, style, tables, **how)
        if AUDIT not in tables:
            return statements
        return [*switch("DISABLE"), *statements, *switch("ENABLE")]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", permitted)
        yield


def main() -> int:
    """Run the command that was given; return its exit code. SIGTERM stops the cluster too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with cluster() as url:
        environment = {**os.environ, "DATABASE_URL": url}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
