"""What a newcomer types in the first minute: the demo prints it, with its own folder and ports, and `--check` runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from demo.launcher.aws_config import PROFILE, REFUSED_PROFILE


@dataclass(frozen=True, slots=True)
class FirstMinute:
    """The lines of a shell, as they are printed and pasted."""

    aws_config: Path

    @property
    def setting(self) -> str:
        """Have the AWS CLI read the demo's configuration; one's own stays as it is."""
        return f"export AWS_CONFIG_FILE={quote(str(self.aws_config))}"

    @property
    def sign_in(self) -> str:
        """Sign in: the browser opens."""
        return f"aws sso login --profile {PROFILE}"

    @property
    def use(self) -> str:
        """Use the role: AWS says who one is."""
        return f"aws sts get-caller-identity --profile {PROFILE}"

    @property
    def be_refused(self) -> str:
        """Ask for a role that alice does not have."""
        return f"aws sts get-caller-identity --profile {REFUSED_PROFILE}"
