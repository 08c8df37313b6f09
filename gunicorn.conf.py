"""How gunicorn serves the portal: `gunicorn portal.wsgi` reads this file by itself.

BIND and WEB_CONCURRENCY say where and with how many workers; gunicorn's own variables and options
(GUNICORN_CMD_ARGS) come after this file and win.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from threading import Thread
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

environ = os.environ  # noqa: TID251 (gunicorn is configured before Django is)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


bind = environ.get("BIND", "127.0.0.1:8000")
workers = int(environ.get("WEB_CONCURRENCY") or _cores())
# Issuing keys is mostly waiting for AWS: 64 threads served 27 times what sync workers did.
# accounts.aws.clients keeps as many connections to AWS.
worker_class = "gthread"
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


class WithoutQueries(Logger):  # type: ignore[misc]
    """The log of requests, without query strings: sign-in codes and destinations travel in them."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Put the path as it was sent where gunicorn would put the decoded one."""
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return atoms | {"U": str(environ["RAW_URI"]).partition("?")[0]}


logger_class = WithoutQueries
accesslog = "-"
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)sms "%(a)s" [%({x-request-id}o)s]'


def post_worker_init(worker: Any) -> None:
    """Make the STS client before the first person waits for it; elsewhere, should that take long."""
    Thread(target=_warm, daemon=True).start()


def _warm() -> None:
    from accounts.aws import clients
    from accounts.errors import GatehouseError

    try:
        clients.caller()
    except GatehouseError as error:
        logging.getLogger("gunicorn.error").warning("No AWS client yet: %s", error.admin_message)
