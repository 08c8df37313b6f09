"""Jobs: none is lost, none is done by two workers at once, and failures are seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts import jobs
from accounts.errors import AwsUnavailable
from accounts.jobs import LEASE, MOST_ATTEMPTS, Backlog, Postponed
from accounts.models import Job
from accounts.worker.handlers import Handler, Payload
from accounts.worker.loop import Worker

pytestmark = pytest.mark.django_db(transaction=True)

several_threads = pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite in memory locks whole tables among threads: run with DATABASE_URL",
)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def take(now: datetime = NOW) -> Job | None:
    return jobs.take(kinds=["cut"], now=now)


def taken(now: datetime = NOW) -> Job:
    job = take(now)
    assert job is not None
    return job


def test_job_that_is_leased_is_not_taken_again_until_its_lease_has_run_out() -> None:
    jobs.add("cut", {"role": 1}, now=NOW)
    assert taken().payload == {"role": 1}

    assert take(NOW + LEASE - timedelta(seconds=1)) is None
    assert taken(NOW + LEASE).attempts == 2


def test_job_is_taken_only_when_it_is_due_and_of_a_kind_that_is_known() -> None:
    jobs.add("cut", now=NOW, due_at=NOW + timedelta(hours=1))
    jobs.add("of a newer version", now=NOW)

    assert take() is None
    assert take(NOW + timedelta(hours=1)) is not None


def test_job_added_in_a_transaction_that_fails_is_not_there() -> None:
    with transaction.atomic():
        jobs.add("cut", now=NOW)
        transaction.set_rollback(True)

    assert take() is None


def test_worker_whose_lease_has_run_out_notes_nothing() -> None:
    jobs.add("cut", now=NOW)
    late = taken()
    current = taken(NOW + LEASE)

    jobs.finish(late, now=NOW)
    jobs.fail(late, error="too late", now=NOW)

    assert not jobs.renew(late, now=NOW)
    assert jobs.renew(current, now=NOW + LEASE)
    row = Job.objects.get()
    assert (row.finished_at, row.last_error, row.leased_until) == (None, "", NOW + 2 * LEASE)


def test_of_one_key_at_most_one_job_is_unfinished() -> None:
    jobs.add("cut", now=NOW, key="123456789012")
    jobs.add("cut", now=NOW, key="123456789012")
    jobs.add("cut", now=NOW, key="210987654321")
    assert Job.objects.count() == 2

    jobs.finish(taken(), now=NOW)
    jobs.finish(taken(), now=NOW)
    jobs.add("cut", now=NOW, key="123456789012")

    assert Job.objects.filter(finished_at=None).count() == 1


def test_pauses_double_until_the_job_is_given_up_and_counted() -> None:
    jobs.add("cut", now=NOW)
    now, pauses = NOW, []
    for _ in range(MOST_ATTEMPTS):
        job = taken(now)
        jobs.fail(job, error="access denied\x00", now=now)
        job.refresh_from_db()
        pauses.append((job.due_at - now).total_seconds())
        now = max(now, job.due_at)

    assert pauses[:4] == [10, 20, 40, 80]
    assert max(pauses) == 3600
    assert (job.given_up, job.state(now)) == (True, "given up")
    assert "access denied" in job.last_error
    assert take(now + timedelta(days=1)) is None
    assert jobs.backlog(now=now) == Backlog(due=0, since=None, given_up=1)


def test_backlog_counts_what_is_due_and_nobody_has() -> None:
    for minutes in (0, 5, 60):
        jobs.add("cut", now=NOW, due_at=NOW + timedelta(minutes=minutes))
    taken()

    backlog = jobs.backlog(now=NOW + timedelta(seconds=330))

    assert backlog == Backlog(due=2, since=NOW, given_up=0)


@several_threads
def test_many_workers_do_each_job_once() -> None:
    for number in range(40):
        jobs.add("cut", {"number": number}, now=NOW)
    done: list[int] = []

    def work() -> None:
        while (job := take()) is not None:
            done.append(job.payload["number"])
            jobs.finish(job, now=NOW)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == list(range(40))


class Recorder:
    """A handler that does what the test says for each attempt."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes: Iterator[Exception | None] = iter(outcomes)
        self.payloads: list[Payload] = []

    def __call__(self, payload: Payload, now: datetime) -> None:
        self.payloads.append(payload)
        if (outcome := next(self.outcomes, None)) is not None:
            raise outcome


def run_once(*outcomes: Exception | None) -> Job:
    jobs.add("cut", {"role": 1}, now=NOW)
    recorder = Recorder(*outcomes)
    Worker({"cut": Handler(recorder)}, threads=2).run(once=True)
    assert recorder.payloads == [{"role": 1}]
    return Job.objects.get()


@several_threads
def test_worker_notes_a_failure_without_the_text_of_a_foreign_error() -> None:
    job = run_once(ValueError("https://user:secret@example.com"))

    assert (job.finished_at, job.last_error, job.attempts) == (None, "ValueError", 1)


@several_threads
def test_worker_notes_what_an_error_of_ours_tells_admins() -> None:
    job = run_once(AwsUnavailable("Try again.", "sts: timeout", code="aws.timeout"))

    assert job.last_error == "aws.timeout: sts: timeout"


@several_threads
def test_job_that_is_postponed_has_not_failed() -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    job = run_once(Postponed(later))

    assert (job.due_at, job.attempts, job.finished_at) == (later, 0, None)


@several_threads
def test_worker_does_a_job_and_notes_it() -> None:
    job = run_once(None)

    assert job.state(NOW) == "done"


@several_threads
def test_periodic_job_is_added_once_until_its_time_comes_back() -> None:
    recorder = Recorder()
    worker = {"purge": Handler(recorder, every=timedelta(days=1))}
    for _ in range(3):
        Worker(worker, threads=2).run(once=True)
    assert len(recorder.payloads) == 1

    Job.objects.update(added_at=datetime.now(UTC) - timedelta(days=1))
    Worker(worker, threads=2).run(once=True)

    assert len(recorder.payloads) == 2


@several_threads
def test_worker_that_is_stopped_finishes_what_runs_and_takes_no_more() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(payload: Payload, now: datetime) -> None:
        begun.set()
        may_end.wait(10)

    jobs.add("cut", now=NOW)
    worker = Worker({"cut": Handler(slow)}, threads=1)

    def run() -> None:
        worker.run()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)
    jobs.add("cut", now=NOW)
    worker.stop()
    may_end.set()
    thread.join(10)

    assert not thread.is_alive()
    assert sorted(job.state(NOW) for job in Job.objects.all()) == ["done", "due"]
