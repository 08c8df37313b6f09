"""How gunicorn serves the portal: `gunicorn portal.wsgi` reads this file by itself.

BIND, WEB_CONCURRENCY and TRUSTED_PROXIES are read as Django's settings are, `.env` included. gunicorn's own options
(GUNICORN_CMD_ARGS) come after this file and win.
"""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from threading import Thread
from typing import Any

from accounts.addresses import THIS_MACHINE
from accounts.concurrency import THREADS
from portal import environment
from portal.access_log import AccessLog

env = environment.for_gunicorn()

bind = env.str("BIND", default="127.0.0.1:8000")
# A fixed number: a container that may use 2 of a host's 64 cores must not start 64 workers.
workers = int(env.str("WEB_CONCURRENCY", default="") or 2)
worker_class = "gthread"
threads = THREADS
backlog = 1024
# Longer than load balancers keep idle connections (60 seconds at AWS), so that they close first.
keepalive = 75
timeout = 60
graceful_timeout = 30  # a key request in flight waits for AWS for 15 seconds at most
# gunicorn's socket for control commands, in the home directory: nobody here uses it.
control_socket_disable = True
# Workers show that they live by touching a file; memory is never slow, nor read-only.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# A deep link carries a console destination. Cookies hold one session key; a bearer token holds groups.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 16 * 1024

# gunicorn drops headers with an underscore, such as the one AWS's own clients send their token in.
# This spelling lets it pass. gunicorn's SCRIPT_NAME and PATH_INFO are left out: nobody may set these.
forwarder_headers = "X-AMZ-SSO_BEARER_TOKEN"
# The peers that may send it, and whose X-Forwarded-Proto counts: the proxies Django trusts too.
forwarded_allow_ips = ",".join(env.list("TRUSTED_PROXIES", default=[]) or THIS_MACHINE)

logger_class = AccessLog
accesslog = "-"
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)sms "%(a)s" [%({x-request-id}o)s]'


def post_worker_init(worker: Any) -> None:
    """Freeze start-up objects so that the garbage collector skips them; make the STS client early."""
    gc.collect()
    gc.freeze()
    Thread(target=_make_sts_client, daemon=True).start()


def _make_sts_client() -> None:
    """Make the client before the first person needs it: reading AWS's service model takes a while."""
    from accounts.aws import clients
    from accounts.errors import GatehouseError

    try:
        clients.call(clients.sts)
    except GatehouseError as error:
        logging.getLogger("gunicorn.error").warning("No AWS client yet: %s", error.admin_message)
