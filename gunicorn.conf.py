"""How gunicorn serves the portal: `gunicorn portal.wsgi` reads this file by itself.

BIND and WEB_CONCURRENCY say where and with how many workers; gunicorn's own variables and options
(GUNICORN_CMD_ARGS) come after this file and win.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import secrets
import socket
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

environ = os.environ  # noqa: TID251 (gunicorn is configured before Django is)


# The cores that may be used, by number; where the system does not say (macOS), how many there are.
CORES = sorted(
    os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
)

bind = environ.get("BIND", "127.0.0.1:8000")
workers = int(environ.get("WEB_CONCURRENCY") or len(CORES))
# Issuing keys is mostly waiting for AWS: 64 threads served 27 times what sync workers did.
# accounts.aws.clients keeps as many connections to AWS.
threads = 64
backlog = 1024
# Longer than load balancers keep idle connections (60 seconds at AWS), so that they close first.
keepalive = 75
timeout = 60
graceful_timeout = 30  # a key request in flight waits for AWS for 15 seconds at most
# gunicorn's socket for control commands, in the home directory: nobody here uses it.
control_socket_disable = True
# Workers say that they live by touching a file; memory is never slow, nor read-only.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# Seconds in which a request has to come whole once it has begun, and in which what is answered has to
# be taken. gunicorn has no bound for either: whoever sent half a request kept a thread for good.
COMES_WITHIN, TAKEN_WITHIN = 10, 30


class Bounded(socket.socket):
    """A client's connection that is given up where the client takes too long."""

    _until = 0.0

    def setblocking(self, flag: bool) -> None:
        """Begin to count: gunicorn calls this where a thread takes the connection over."""
        if self.fileno() < 0:
            return  # Closed already.
        if not flag:
            super().setblocking(False)
            return
        self._until = time.monotonic() + COMES_WITHIN
        self.settimeout(COMES_WITHIN)

    def recv(self, *args: Any) -> bytes:
        """Receive within what is left of the request's time."""
        self.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            return super().recv(*args)
        except TimeoutError as error:
            # What gunicorn passes over in silence, and Django takes for a request that broke off.
            raise ConnectionResetError(errno.ECONNRESET, "the request took too long") from error

    def sendall(self, *args: Any) -> None:
        """Send all of it in its time."""
        self.settimeout(TAKEN_WITHIN)
        try:
            super().sendall(*args)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the answer was not taken") from error

    def sendfile(self, *args: Any, **options: Any) -> int:
        """Send a file, each piece in its time."""
        self.settimeout(TAKEN_WITHIN)
        try:
            return super().sendfile(*args, **options)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the file was not taken") from error


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, in which no slow client keeps others waiting."""

    def handle(self, conn: Any) -> Any:
        """Handle a request, in a thread of its own."""
        if not conn.initialized:
            if not isinstance(conn.sock, Bounded):
                conn.sock = Bounded(fileno=conn.sock.detach())
            if not conn.wait_for_data(0.1):
                return gthread._DEFER  # Nothing was sent yet: that is waited for without a thread.
        goes_on = super().handle(conn)
        # Where gunicorn itself speaks TLS it has put a connection of its own in place of ours.
        if not goes_on and isinstance(conn.sock, Bounded):
            # gunicorn waits up to 2 seconds for the client to hang up, where nobody else is served meanwhile.
            conn.close(graceful=True)
        return goes_on


worker_class = Worker

# A deep link carries a console destination. Cookies hold one session key; a bearer token holds groups.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 16 * 1024

# gunicorn drops headers with an underscore, such as the one AWS's own clients send their token in.
# This spelling lets it pass. gunicorn's SCRIPT_NAME and PATH_INFO are left out: nobody may set these.
forwarder_headers = "X-AMZ-SSO_BEARER_TOKEN"
# The peers that may send it, and whose X-Forwarded-Proto counts: the proxies Django trusts too.
forwarded_allow_ips = (
    environ.get("FORWARDED_ALLOW_IPS") or environ.get("TRUSTED_PROXIES") or "127.0.0.1,::1"
)


def _without_query(record: logging.LogRecord) -> bool:
    said, mark, _ = record.getMessage().partition("?")
    if mark:
        record.msg, record.args = f"{said}?...", ()
    return True


class WithoutQueries(Logger):  # type: ignore[misc]
    """The log of requests, without query strings and headers: codes, destinations and tokens travel in them.

    Whatever format is asked for, there is no more to put into it than this.
    """

    def setup(self, cfg: Any) -> None:
        """Keep them out of what is said of requests that cannot be read, too: it repeats their lines."""
        super().setup(cfg)
        self.error_log.addFilter(_without_query)

    def atoms(self, resp: Any, req: Any, asked: Any, request_time: Any) -> dict[str, Any]:
        """Return what a line may hold, by gunicorn's names; the path as it was sent, not decoded."""
        microseconds = request_time // timedelta(microseconds=1)
        headers = {name.lower(): value for name, value in resp.headers}
        return {
            "h": asked.get("REMOTE_ADDR", "-"),
            "t": self.now(),
            "m": asked["REQUEST_METHOD"],
            "U": asked["RAW_URI"].partition("?")[0],
            "H": asked["SERVER_PROTOCOL"],
            "s": str(resp.status).partition(" ")[0],
            "B": resp.sent,
            "D": microseconds,
            "M": microseconds // 1000,
            "a": asked.get("HTTP_USER_AGENT", "-"),
            "p": f"<{os.getpid()}>",
            "{x-request-id}o": headers.get("x-request-id", "-"),
        }


logger_class = WithoutQueries
accesslog = "-"
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)sms "%(a)s" [%({x-request-id}o)s]'


# One thread of a process runs Python at a time. Where the next one sits on another core, handing over
# costs as much again as the work itself (docs/performance.md).
pinned = hasattr(os, "sched_setaffinity") and environ.get("PIN_WORKERS", "yes") != "no"


def pre_fork(server: Any, worker: Any) -> None:
    """Choose a worker's core among those that the fewest have: any, as others on this host choose too."""
    taken = Counter(other.core for other in server.WORKERS.values())
    fewest = min(taken[core] for core in CORES)
    worker.core = secrets.choice([core for core in CORES if taken[core] == fewest])


def post_fork(server: Any, worker: Any) -> None:
    """Keep all threads of a worker on its core."""
    if pinned:
        os.sched_setaffinity(0, {worker.core})


def post_worker_init(worker: Any) -> None:
    """Make the STS client before the first person waits for it; elsewhere, should that take long."""
    # What is loaded by now stays, and requests leave little behind that only a collection frees.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    Thread(target=_warm, daemon=True).start()


def _warm() -> None:
    from accounts.aws import clients
    from accounts.errors import GatehouseError

    try:
        clients.caller()
    except GatehouseError as error:
        logging.getLogger("gunicorn.error").warning("No AWS client yet: %s", error.admin_message)


def worker_exit(server: Any, worker: Any) -> None:
    """Leave it to the first worker to say that none can start: gunicorn trips over another that does too."""
    if worker.booted or worker.age == 1 or worker.pid != os.getpid():
        return
    told_by = time.monotonic() + 2
    while worker.alive and time.monotonic() < told_by:
        time.sleep(0.05)
    if not worker.alive:
        os._exit(0)
