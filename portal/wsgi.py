"""The WSGI entry point for gunicorn. A bad configuration ends it here, with all messages at once."""

from __future__ import annotations

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
    # gunicorn does not start another worker after the exit code 3.
    sys.exit(3)

from portal import proxies, starting  # noqa: E402 - after the checks

# In a thread: the portal starts without a database or provider, too (docs/decisions/0014).
Thread(target=starting.start, daemon=True).start()
Thread(target=proxies.watch, daemon=True).start()
