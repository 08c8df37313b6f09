"""Who runs a command."""

from __future__ import annotations

import os
import pwd


def operator_name() -> str:
    """Return who runs this process, as the system knows it and not as the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # In a container the user often has a number only.
        return f"uid {os.getuid()}"
