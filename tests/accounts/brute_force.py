"""The words of the design once more, naively: who may enter which account role, and why.

It shares no code with the product and imports nothing of it: companies and claims are plain
dictionaries, everything is tried with everything, and what is quick to read wins over what is quick.
"""

from __future__ import annotations

from datetime import datetime
from itertools import combinations, pairwise
from typing import Any

Record = dict[str, Any]


def entitlements(
    company: Record, *, claims: Record, issuer: str, now: datetime, workload: bool = False
) -> dict[tuple[str, str], Record]:
    """Say what these claims give: for (account id, permission set), console and keys, and the reasons.

    The reasons are, for each mapping that gives anything, the claim values that would do.
    """
    given: dict[tuple[str, str], Record] = {}
    for role in company["roles"]:
        account = next(a for a in company["accounts"] if a["account_id"] == role["account"])
        offered = next(s for s in company["permission_sets"] if s["name"] == role["permission_set"])
        if not account["active"]:
            continue
        for mapping in company["mappings"]:
            if not is_meant_for(mapping, company, issuer, workload):
                continue
            console = offered["console"] and mapping["console"]
            keys = offered["keys"] and mapping["keys"]
            values = matching_values(mapping, account, offered, role, claims, issuer, now)
            if values and (console or keys):
                entry = given.setdefault(
                    (account["account_id"], offered["name"]),
                    {"console": False, "keys": False, "reasons": {}},
                )
                entry["console"] = entry["console"] or console
                entry["keys"] = entry["keys"] or keys
                entry["reasons"][mapping["name"]] = values
    return given


def is_meant_for(mapping: Record, company: Record, issuer: str, workload: bool) -> bool:
    """Whether a mapping is for people, or for the workloads of this issuer while it is trusted."""
    if mapping["issuer"] is None:
        return not workload
    return workload and mapping["issuer"] == issuer and bool(company["issuers"][issuer])


def matching_values(
    mapping: Record,
    account: Record,
    offered: Record,
    role: Record,
    claims: Record,
    issuer: str,
    now: datetime,
) -> set[str]:
    """Return the claim values by which a mapping gives a role; none if it does not."""
    if not mapping["enabled"]:
        return set()
    if mapping["expires_at"] is not None and now >= mapping["expires_at"]:
        return set()
    if not any(reaches(target, account) for target in mapping["targets"]):
        return set()
    if mapping["permission_set"] not in (None, offered["name"]):
        return set()
    if mapping["permission_set"] is None and "{role}" not in mapping["value"]:
        return set()
    if left_out(mapping["claim"], claims, issuer):
        return set()
    return {
        value
        for value in claim_values(claims, mapping["claim"])
        if fits(mapping, value, account, offered, role)
    }


def fits(mapping: Record, value: str, account: Record, offered: Record, role: Record) -> bool:
    """Whether a value fits, exactly, with `*`, or as the template filled in for this role."""
    if mapping["match"] == "exact":
        return bool(value == mapping["value"])
    if mapping["match"] == "wildcard":
        return fits_stars(mapping["value"], value)
    return value == filled_in(mapping["value"], account, offered, role)


def fits_stars(pattern: str, value: str) -> bool:
    """Whether a value is the pattern with any run of characters for each `*`."""
    if pattern == "":
        return value == ""
    if pattern[0] == "*":
        return any(fits_stars(pattern[1:], value[skip:]) for skip in range(len(value) + 1))
    return value != "" and value[0] == pattern[0] and fits_stars(pattern[1:], value[1:])


def filled_in(template: str, account: Record, offered: Record, role: Record) -> str | None:
    """Fill a template in; None if it names what nobody knows or what this role does not have."""
    name = offered["name"]
    if template[:4] == "arn:":
        path_and_name = offered["iam_path"] + (role["iam_role_name"] or offered["name"])
        name = path_and_name[1:]
    known = {
        "account_id": account["account_id"],
        "account": account["name"],
        "environment": account["environment"],
        "partition": account["partition"],
        "role": name,
    }
    done, rest = "", template
    while rest:
        word = rest[1:].split("}")[0]
        if rest[0] == "{" and "}" in rest and "{" not in word:
            if not known.get(word):
                return None
            done, rest = done + known[word], rest[len(word) + 2 :]
        else:
            done, rest = done + rest[0], rest[1:]
    return done


def reaches(target: Record, account: Record) -> bool:
    """Whether a target names this account."""
    if target["kind"] == "all":
        return True
    if target["kind"] == "account":
        return bool(target["account"] == account["account_id"])
    if target["kind"] == "environment":
        return account["environment"] is not None and bool(
            target["environment"] == account["environment"]
        )
    if target["kind"] == "unit":
        steps = target["unit"].split("/")
        return bool(account["organizational_unit"].split("/")[: len(steps)] == steps)
    return bool(account["tags"].get(target["tag_key"]) == target["tag_value"])


def claim_values(claims: Record, path: str) -> list[str]:
    """Return a claim's values: the literal key first, then the path with ever shorter keys."""
    found = None
    for keys in ways_to_read(path):
        found = follow(claims, keys)
        if found is not None:
            break
    if not isinstance(found, list):
        found = [found]
    # Booleans are no numbers here.
    found = [str(value) if type(value) is int else value for value in found]
    return [value for value in found if isinstance(value, str) and value and "\x00" not in value]


def ways_to_read(path: str) -> list[list[str]]:
    """Return every way to read dots as part of a key or as a step; longer keys first."""
    parts = path.split(".")
    ways = []
    for count in range(len(parts)):
        for cuts in combinations(range(1, len(parts)), count):
            edges = [0, *cuts, len(parts)]
            ways.append([".".join(parts[start:end]) for start, end in pairwise(edges)])
    return sorted(ways, key=lambda keys: [-key.count(".") for key in keys])


def follow(claims: Record, keys: list[str]) -> Any:
    """Go down key by key; None where there is nothing."""
    here: Any = claims
    for key in keys:
        if isinstance(here, list):
            inside = [one.get(key) for one in here if isinstance(one, dict)]
            lists = [one if isinstance(one, list) else [one] for one in inside]
            here = [one for each in lists for one in each if one is not None] or None
        else:
            here = here.get(key) if isinstance(here, dict) else None
    return here


def left_out(path: str, claims: Record, issuer: str) -> bool:
    """Whether the provider says that it left this claim out, or (Okta) sent as many as it can."""
    names = claims.get("_claim_names")
    missing = list(names) if isinstance(names, dict) else []
    if claims.get("hasgroups") is True or claims.get("hasgroups") == "true":
        missing.append("groups")
    if any((path + ".").startswith(name + ".") for name in missing):
        return True
    return issuer.endswith(".okta.com") and len(claim_values(claims, path)) == 100
