"""How many requests one process of the portal serves at the same time."""

from __future__ import annotations

THREADS = 32
"""gunicorn.conf.py starts as many; connection pools to AWS are as large. docs/performance.md has why."""
