"""Take jobs that are due, do them in threads, and keep their leases."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from accounts import jobs
from accounts.errors import GatehouseError
from accounts.jobs import Postponed
from accounts.models import Job
from accounts.worker.handlers import Handler

log = logging.getLogger(__name__)

_POLL = 1.0
"""Seconds between two looks for jobs that are due."""
_RENEW = jobs.LEASE.total_seconds() / 3


class Worker:
    """Does jobs until it is stopped. Several may run, on one machine or many."""

    def __init__(self, handlers: Mapping[str, Handler], *, threads: int) -> None:
        self._handlers = handlers
        self._threads = threads
        self._stop = threading.Event()
        self._running: dict[Future[None], Job] = {}
        self._renewed = time.monotonic()

    def stop(self) -> None:
        """Take no more jobs; those that run are done first."""
        self._stop.set()

    def run(self, *, once: bool = False) -> None:
        """Do jobs until `stop`; with `once`, until nothing is due."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="job") as pool:
            while not self._stop.is_set():
                try:
                    self._add_periodic()
                    self._fill(pool)
                    self._keep_leases()
                except DatabaseError as error:
                    if once:
                        raise
                    log.warning("the database: %s; trying again", type(error).__name__)
                    connection.close()
                    self._stop.wait(_POLL)
                    continue
                if once and not self._running:
                    return
                self._rest()
            self._finish_running()

    def _add_periodic(self) -> None:
        now = timezone.now()
        for kind, handler in self._handlers.items():
            if handler.every is None:
                continue
            latest = Job.objects.filter(kind=kind, key=jobs.PERIODIC).order_by("-added_at").first()
            if latest is None or (
                latest.finished_at is not None and latest.added_at + handler.every <= now
            ):
                jobs.add(kind, now=now, key=jobs.PERIODIC)

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        while len(self._running) < self._threads and not self._stop.is_set():
            job = jobs.take(kinds=self._handlers.keys(), now=timezone.now())
            if job is None:
                return
            self._running[pool.submit(self._do, job)] = job

    def _keep_leases(self) -> None:
        if time.monotonic() < self._renewed + _RENEW:
            return
        self._renewed = time.monotonic()
        for job in self._running.values():
            jobs.renew(job, now=timezone.now())

    def _rest(self) -> None:
        if self._running:
            done, _ = wait_for(self._running, timeout=_POLL, return_when="FIRST_COMPLETED")
            for future in done:
                job = self._running.pop(future)
                if error := future.exception():
                    # Its lease runs out, and it is done again.
                    log.warning("the end of job %s is not noted: %s", job, type(error).__name__)
        else:
            self._stop.wait(_POLL)

    def _finish_running(self) -> None:
        while self._running:
            self._rest()
            self._keep_leases()

    def _do(self, job: Job) -> None:
        try:
            self._handlers[job.kind].run(job.payload, timezone.now())
        except Postponed as postponed:
            jobs.postpone(job, until=postponed.until)
        except GatehouseError as error:
            self._fail(job, f"{error.code}: {error.admin_message}")
        except Exception as error:  # noqa: BLE001  # Whatever it is, the job is tried again.
            # The text of a foreign error may hold secrets: the row gets its class.
            self._fail(job, type(error).__name__)
        else:
            jobs.finish(job, now=timezone.now())
        finally:
            connection.close()

    def _fail(self, job: Job, words: str) -> None:
        log.warning("job %s failed, attempt %s: %s", job, job.attempts, words)
        jobs.fail(job, error=words, now=timezone.now())
