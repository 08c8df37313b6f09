"""The trust policy of a role that refuses, read by iam:GetRole where another role of its account may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from accounts.aws import existing_roles
from accounts.aws.trust_policies import judge
from accounts.errors import GatehouseError
from accounts.models.trust_checks import CheckOutcome
from accounts.trust_checks import sides
from accounts.trust_checks.sides import Finding
from accounts.trust_checks.trials import FindCaller, Trial, region_of


def explain_denials(trials: Iterable[Trial], *, caller_of: FindCaller) -> None:
    """Look for the reason where AWS gave none: ask a role of the same account that works what the other is like."""
    by_account: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        by_account[trial.role.partition, trial.role.account_id].append(trial)
    for of_account in by_account.values():
        working = [each for each in of_account if each.finding.outcome is CheckOutcome.WORKS]
        for denied in of_account:
            if denied.finding.code != sides.DENIED:
                continue
            for reader in working:
                found = _read(denied, reader, caller_of)
                if found is not None:
                    denied.finding = found
                    break


def _read(denied: Trial, reader: Trial, caller_of: FindCaller) -> Finding | None:
    """Return what is wrong with a role, as another one reads it; None if that role may not, or it does not tell."""
    role = denied.role
    try:
        keys = reader.sessions.reading(role.arn)
        existing = existing_roles.find(role.iam_role_name, keys=keys, region=region_of(role))
        caller = caller_of(denied.request)
    except GatehouseError:
        return None
    if existing is None:
        return sides.of_missing_role(role.arn)
    if existing.arn != role.arn:
        return sides.of_other_path(role.arn, existing.arn)
    return None if caller is None else sides.of_judgement(judge(existing.trust_policy, caller))
