"""Settings of the `demo` command: the portal's own, with the demo's data. The portal itself does not use them."""

from __future__ import annotations

import os

from demo.launcher.folder import FOLDER
from demo.launcher.network import DEFAULTS

os.environ.update(FOLDER.portal_environment(DEFAULTS))

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS += ["demo"]
