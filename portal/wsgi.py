"""The WSGI entry point for gunicorn; a bad configuration ends it here, with everything that is wrong."""

from __future__ import annotations

import logging
import os
import sys
from threading import Thread

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")  # noqa: TID251 (as Django's own template has it)

application = get_wsgi_application()
try:
    call_command("check")
except SystemCheckError as refused:
    sys.stderr.write(f"{refused}\n")
    # gunicorn takes 3 as "do not start another worker".
    sys.exit(3)


def _say_if_unprepared() -> None:
    """Tell the log where the database needs `migrate`, or the provider is not there, and serve all the same.

    docs/decisions/0014 says why. The provider's documents are then at hand before anybody signs in.
    """
    from django.db import connection

    from portal import health

    if (state := health.database()) != "ok":
        logging.getLogger(__name__).error("not ready: the database: %s", state)
    connection.close()
    health.identity_provider()  # Says so itself.


Thread(target=_say_if_unprepared, daemon=True).start()
