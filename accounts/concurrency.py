"""How many requests one process of the portal serves at the same time."""

from __future__ import annotations

THREADS = 32
"""gunicorn.conf.py starts as many; calls to AWS are fewer. docs/performance.md has why."""
