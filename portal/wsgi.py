"""The WSGI entry point for gunicorn; a bad configuration ends it here, with everything that is wrong."""

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
    # gunicorn takes 3 as "do not start another worker".
    sys.exit(3)

from portal.starting import say_what_is_missing  # noqa: E402 - after the checks

# docs/decisions/0014 has why this is no condition for starting.
Thread(target=say_what_is_missing, daemon=True).start()
