"""How gunicorn serves the portal: `gunicorn portal.wsgi` reads this file by itself.

BIND and WEB_CONCURRENCY say where and with how many workers; gunicorn's own variables and options
(GUNICORN_CMD_ARGS) come after this file and win.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import time
from collections import Counter
from pathlib import Path
from threading import Thread
from typing import Any

from portal.serving import WithoutQueries, Worker

environ = os.environ  # noqa: TID251 (gunicorn is configured before Django is)


# The cores that may be used, by number; where the system does not say (macOS), how many there are.
CORES = sorted(
    os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
)

bind = environ.get("BIND", "127.0.0.1:8000")
workers = int(environ.get("WEB_CONCURRENCY") or len(CORES))
# Issuing keys is mostly waiting for AWS: 64 threads served 27 times what sync workers did.
# accounts.aws.clients keeps as many connections to AWS.
worker_class = Worker
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
