"""AWS CLI commands as lines of a POSIX shell, whatever the values are."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any


def aws(command: str, request: Mapping[str, Any], *options: str) -> str:
    """Return a command of the AWS CLI with its request as JSON.

    As arguments of their own, values that begin with file:// or - would be read as files or options.
    https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-skeleton.html
    """
    given = shlex.quote(json.dumps(request))
    return " ".join([f"aws {command}", f"--cli-input-json {given}", *options])


def quoted(text: str) -> str:
    """Return a text as one word of a shell."""
    return shlex.quote(text)
