"""The product's settings, with one page more: a static one to compare with."""

from __future__ import annotations

import os
from pathlib import Path

from portal.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
STATIC_ROOT = Path(os.environ["BENCH_HOME"]) / "static"
