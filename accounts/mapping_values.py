"""Check the value of a mapping before it is stored: what an admin is told about one that could never match."""

from __future__ import annotations

import re

from accounts.aws.limits import ACCOUNT_ID
from accounts.patterns import PLACEHOLDER, PLACEHOLDERS, Match, is_arn

_ACCOUNT_OF_ARN = re.compile(r"arn:[^:]*:iam::([^:]*):")
_AN_ARN_IS = "An ARN in a claim is the ARN of an IAM role"


def fault(*, match: Match, value: str, has_permission_set: bool) -> str:
    """Say what is wrong with a mapping's value; "" if nothing is."""
    if not value.strip():
        return "An empty value matches nobody: enter the group or role as the provider sends it."
    if value != value.strip():
        return "The value begins or ends with a space; no provider sends that."
    if match is Match.TEMPLATE:
        return _fault_of_template(value, has_permission_set) or _fault_of_account(value)
    if not has_permission_set:
        return "Choose a permission set. Only a template with {role} works without one."
    if match is Match.WILDCARD and "*" not in value:
        return "A wildcard needs a * in it. For one exact value, choose “exact”."
    return _fault_of_account(value)


def hint(*, match: Match, value: str) -> str:
    """Say what in a value that can be matched was probably meant otherwise; "" if nothing is."""
    if match is not Match.WILDCARD and "*" in value:
        return f"“{value}” is compared letter by letter, the * too. If it stands for any text, choose “wildcard”."
    names = [name for name in PLACEHOLDER.findall(value) if name in PLACEHOLDERS]
    if match is not Match.TEMPLATE and names:
        return (
            f"“{value}” is compared letter by letter, {{{names[0]}}} too. If it stands for a value of each role and "
            "account, choose “template”."
        )
    return ""


def _fault_of_account(value: str) -> str:
    """Say what is wrong with the account id in a value that is, or begins with, an IAM ARN."""
    arn = _ACCOUNT_OF_ARN.match(value)
    if arn is None or "*" in arn[0]:
        return ""
    if arn[1] == "{account_id}" or re.fullmatch(ACCOUNT_ID, arn[1]):
        return ""
    return (
        f"“{arn[1]}” is not an account id: an ARN has exactly 12 digits there, including leading zeros, "
        "or {account_id} in a template."
    )


def _fault_of_template(value: str, has_permission_set: bool) -> str:
    names = PLACEHOLDER.findall(value)
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        return f"Unknown placeholder {{{unknown[0]}}}: a template knows {known}."
    if not names:
        return f"A template needs a placeholder: {known}. For one exact value, choose “exact”."
    if re.search(r"[{}]", PLACEHOLDER.sub("", value)):
        return "A brace is opened or closed on its own; placeholders are written {role}."
    if re.search(r"\}\{", value):
        return "Two placeholders touch. Put a character between them so that a value can be read in one way only."
    if is_arn(value):
        if not re.match(r"arn:(\{partition\}|aws[a-z-]*):iam::", value):
            return f"{_AN_ARN_IS}: arn:{{partition}}:iam::{{account_id}}:role/{{role}}."
        if ":role/" not in value:
            return f"{_AN_ARN_IS}: it has “:role/” before the role's name."
        if value.endswith("/"):
            return f"{_AN_ARN_IS}: it ends with the role's name, not with a slash."
    if not has_permission_set and "role" not in names:
        return "Choose a permission set, or name it in the template with {role}."
    return ""
