"""Write a configuration of the AWS CLI for the demo; the user's own stays as it is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from demo.launcher.network import Ports

PROFILE = "payments-dev"
# Of a role that alice does not have: the portal says why.
REFUSED_PROFILE = "payments-prod-operator"
# The AWS CLI takes no start URL without https, except this one; nobody is sent there.
_CONFIG = """\
# Written by the demo at each start. All that this profile does stays on this machine.
[sso-session {section}]
sso_start_url = https://identitycenter.amazonaws.com/ssoins-0000000000000000
sso_region = not-at-aws
sso_registration_scopes = sso:account:access

[services {section}]
sso =
  endpoint_url = {portal}
sso_oidc =
  endpoint_url = {portal}

[profile {profile}]
sso_session = {section}
sso_account_id = 210987654321
sso_role_name = Developer
region = eu-west-1
services = {section}
endpoint_url = {cloud}

[profile {refused}]
sso_session = {section}
sso_account_id = 123456789012
sso_role_name = Operator
region = eu-west-1
services = {section}
endpoint_url = {cloud}
"""


def write_aws_config(path: Path, *, ports: Ports) -> None:
    """Write a profile of a role that alice has, and one of a role that she does not have.

    All but their sign-in goes to the embedded AWS.
    """
    # As the keys page names them: after the portal's host and port.
    section = urlsplit(ports.portal_url).netloc.replace(":", "-")
    path.write_text(
        _CONFIG.format(
            portal=ports.portal_url,
            cloud=ports.cloud_url,
            profile=PROFILE,
            refused=REFUSED_PROFILE,
            section=section,
        )
    )
