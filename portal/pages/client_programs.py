"""How programs of AWS and of others use the profiles, for the page of command lines.

docs/command-line.md has the versions, and how it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its name, and how it uses profiles for `aws sso login` and with credential_process."""

    name: str
    sso: Promise
    process: Promise


_EITHER = _("Works, also with a profile that code names.")
_BY_PROFILE = _("Set AWS_PROFILE, or name the profile in code.")

PROGRAMS = (
    Program(
        "AWS CLI 2",
        _("Works from 2.22 on; from 2.13 to 2.21 by code only. Older ones ignore the endpoints."),
        _("Works."),
    ),
    Program(
        "AWS CLI 1",
        _("Has no aws sso login. Uses the sign-in of a newer one."),
        _("Works."),
    ),
    Program("Python (boto3)", _EITHER, _BY_PROFILE),
    Program(
        "JavaScript (SDK 3)",
        _("Set AWS_PROFILE: a profile that code alone names asks AWS and fails."),
        _BY_PROFILE,
    ),
    Program("Go (SDK 2)", _EITHER, _BY_PROFILE),
    Program("Rust", _EITHER, _BY_PROFILE),
    Program(
        "Java (SDK 2)",
        _("Set AWS_PROFILE: a profile that code alone names asks AWS and fails."),
        _BY_PROFILE,
    ),
    Program("Terraform", _("Set AWS_PROFILE."), _("Set AWS_PROFILE.")),
    Program(
        "yawsso",
        _("Copies the keys that the AWS CLI got to ~/.aws/credentials."),
        _("Not needed: every program of AWS runs the command."),
    ),
    Program(
        "aws-sso-util",
        _("Set AWS_ENDPOINT_URL_SSO and AWS_ENDPOINT_URL_SSO_OIDC for this program alone."),
        _("Not needed: every program of AWS runs the command."),
    ),
    Program(
        "granted, aws-sso-cli",
        _("Do not read the endpoints. Choose gatehouse (credential_process). Not tried."),
        _("Not tried."),
    ),
    Program(
        "AWS Toolkit (VS Code, JetBrains)",
        _("Not tried. Choose gatehouse (credential_process)."),
        _("Choose the profile. Write the whole path of gatehouse into it. Not tried."),
    ),
)
