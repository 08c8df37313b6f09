"""Settings of the `demo` command itself: the product's, on the demo's data. The portal runs without these."""

from __future__ import annotations

import os

from demo.launcher.home import HOME
from demo.launcher.network import DEFAULTS

os.environ.update(HOME.portal_environment(DEFAULTS))

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS += ["demo"]
