"""AWS's own page on which somebody who is signed in to the console switches to a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
"""

from __future__ import annotations

from urllib.parse import urlencode

from accounts.aws import limits, partitions
from accounts.errors import AwsRefused
from accounts.messages import Message


def switch_role_url(
    *,
    partition: str,
    account_id: str,
    path: str,
    role_name: str,
    display_name: str,
    colour: str = "",
    endpoint: str = "",
) -> str:
    """Return the address of the page, with account, role, name and colour filled in. It holds no secret.

    `path` is the role's IAM path. `display_name` is what the console calls the session; AWS takes 64 characters.
    `colour` is six hexadecimal digits; AWS leaves the field empty where it does not know the colour. `endpoint`
    is an origin that stands in for AWS's.

    Raises:
        AwsRefused: AWS's page does not take this role, or the partition is unknown.
    """
    # The page wants the path without the slash in front, and both within the length of a name.
    name = f"{path}{role_name}".removeprefix("/")
    if len(name) > limits.LONGEST_SWITCH_ROLE_NAME:
        raise AwsRefused(
            Message("This account is not set up correctly. Contact your portal admins."),
            f"the path and name of the role {name} have {len(name)} characters together, and AWS's switch-role page "
            f"takes {limits.LONGEST_SWITCH_ROLE_NAME}",
            code="aws.switch_role_name",
        )
    query = {
        "account": account_id,
        "roleName": name,
        "displayName": display_name[: limits.LONGEST_DISPLAY_NAME],
    }
    if colour:
        query["color"] = colour
    base = (endpoint or partitions.find(partition).sign_in).rstrip("/")
    return f"{base}/switchrole?{urlencode(query)}"
