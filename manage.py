#!/usr/bin/env python
"""Gatehouse's commands."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # `manage.py demo` runs the product from outside, with settings of its own; all else is the product.
    settings = "demo.settings" if sys.argv[1:2] == ["demo"] else "portal.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    try:
        # Here, because loading Django takes long enough to press Ctrl-C.
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it for SIGINT
