"""One role at AWS: the session as people get it, then variants of it that tell what is wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from accounts import trust
from accounts.aws import errors, existing_roles, partitions
from accounts.aws.existing_roles import ExistingRole
from accounts.aws.limits import DEFAULT_SESSION
from accounts.aws.trust_policies import Caller, judge
from accounts.errors import AwsRefused, GatehouseError, SessionTooLong
from accounts.models.directory import TrustMethod
from accounts.trust_checks import requests, sides
from accounts.trust_checks.sessions import TrialSessions
from accounts.trust_checks.sides import Finding
from accounts.types import Credentials, Kind, OfferedRole, Origin, SessionRequest, Subject

log = logging.getLogger(__name__)

FindCaller = Callable[[SessionRequest], Caller | None]
"""How the portal looks to AWS when it asks for this session; None if that cannot be said."""


@dataclass(slots=True)
class Trial:
    """The trial of one role. `finding` says how it ended; `sessions` what AWS gave on the way."""

    request: SessionRequest
    sessions: TrialSessions
    finding: Finding

    @property
    def role(self) -> OfferedRole:
        return self.request.role


def try_role(
    role: OfferedRole, *, subject: Subject, origin: Origin, caller_of: FindCaller
) -> Trial:
    """Ask AWS for a session with a role, as people get it, and find out what is wrong if it refuses."""
    request, refusal = requests.as_people_get_it(role, subject)
    request = replace(request, origin=origin)
    trial = Trial(request, TrialSessions(request), sides.unknown("trust.not_tested", ""))
    if role.trust_method == TrustMethod.SWITCH_ROLE:
        trial.finding = sides.unknown(
            "trust.no_keys",
            "The portal gets no keys for this account: people switch to the role at AWS. Only they can try it.",
        )
        return trial
    if role.trust_method == TrustMethod.USER_TOKEN and not (
        subject.sign_in_id or subject.bearer_jwt
    ):
        trial.finding = sides.unknown(
            "trust.needs_a_person",
            "AWS wants the identity provider's token of a person here. Sign in as a portal admin, and test the role on its "
            "account's page.",
        )
        return trial
    try:
        if refusal is not None:
            raise refusal
        trust.refuse_unfit(role=role, subject=subject, kind=Kind.KEYS, tags={})
        keys = trial.sessions.harmless()
    except GatehouseError as error:
        trial.finding = _why_refused(trial, error, caller_of)
        return trial
    try:
        trial.finding = _of_keys(trial, keys, caller_of)
    except GatehouseError as error:
        trial.finding = sides.unknown(error.code, error.admin_message)
    except Exception as error:  # noqa: BLE001 - keys were given: this and other tests must be recorded
        log.error("the test of %s ended with %s", role.arn, type(error).__name__)
        trial.finding = sides.unknown("internal", f"{type(error).__name__}; the log has more")
    return trial


def _of_keys(trial: Trial, keys: Credentials, caller_of: FindCaller) -> Finding:
    """Return the finding of a role that gave keys: whose they are, and what is not as it should be."""
    role, warnings = trial.role, []
    region, home = region_of(role), partitions.find(role.partition).default_region
    try:
        try:
            arn = existing_roles.arn_of(keys, region=region)
        except AwsRefused:
            if region == home:
                raise
            arn = existing_roles.arn_of(keys, region=home)
            warnings.append(sides.region_refuses(region))
    except AwsRefused as refused:
        return sides.broken("trust.keys_refused", f"AWS gave keys that do not work: {refused}")
    if not _is_session_of(arn, role):
        return sides.broken(
            "trust.other_identity",
            f"The keys are of {arn}, and not of {role.arn}: look at AWS_ENDPOINT_URL_STS and proxies.",
        )
    existing = _read_itself(trial)
    if existing is not None and (caller := caller_of(trial.request)) is not None:
        warnings += sides.dangers(judge(existing.trust_policy, caller))
    warnings += _of_duration(trial, existing)
    warnings += _of_external_id(trial)
    warnings += _of_subject(trial)
    warnings += _of_chosen_tags(trial)
    return sides.works(tuple(warnings))


def _read_itself(trial: Trial) -> ExistingRole | None:
    """Return the role as IAM has it, if it may read itself."""
    role = trial.role
    try:
        keys = trial.sessions.reading(role.arn)
        return existing_roles.find(role.iam_role_name, keys=keys, region=region_of(role))
    except GatehouseError:
        return None


def _of_duration(trial: Trial, existing: ExistingRole | None) -> list[str]:
    """Say whether people can have sessions as long as the permission set offers."""
    limit = trust.session_limit(trial.role).seconds
    if limit <= DEFAULT_SESSION:
        return []
    if existing is not None:
        longest = existing.longest_session
        return [sides.too_long(limit, longest)] if limit > longest else []
    try:
        trial.sessions.lasting(limit)
    except SessionTooLong as error:
        return [sides.too_long(limit, error.allowed or DEFAULT_SESSION)]
    except GatehouseError:
        return []
    return []


def _of_external_id(trial: Trial) -> list[str]:
    """Say whether the role demands the account's external id."""
    role = trial.role
    if role.trust_method != TrustMethod.HUB or not role.external_id:
        return []
    try:
        trial.sessions.harmless(role=replace(role, external_id=""))
    except GatehouseError:
        return []
    return [sides.EXTERNAL_ID_NOT_DEMANDED]


def _of_subject(trial: Trial) -> list[str]:
    """Say whether the role demands its own subject in the tokens that the portal signs."""
    if trial.role.trust_method != TrustMethod.PORTAL_TOKEN:
        return []
    try:
        trial.sessions.of_another_role()
    except GatehouseError:
        return []
    return [sides.ANY_SUBJECT]


def _of_chosen_tags(trial: Trial) -> list[str]:
    """Say whether people can set the session tags that the permission set lets them choose."""
    keys = trial.role.session_tags
    if not keys or trial.role.trust_method == TrustMethod.USER_TOKEN:
        return []
    tags = {**dict.fromkeys(keys, requests.STAND_IN), **trial.request.tags}
    return [] if _is_let_in(trial, tags=tags) else [sides.CHOSEN_TAGS_REFUSED]


def _why_refused(trial: Trial, error: GatehouseError, caller_of: FindCaller) -> Finding:
    if not isinstance(error, AwsRefused):
        # AWS is not there, or the person who tests may not have such a session: nothing against the role.
        return sides.unknown(error.code, error.admin_message)
    if error.code == errors.DENIED.code and (found := _refused_extras(trial)):
        return found
    return sides.of_refusal(error.code, error.admin_message, caller_of(trial.request))


def _refused_extras(trial: Trial) -> Finding | None:
    """Leave out what the trust policy must allow beside the session, and see whether the rest is let in."""
    tags, source_identity = trial.request.tags, trial.request.source_identity
    if not (tags or source_identity) or not _is_let_in(
        trial, tags={}, transitive_tags=(), source_identity=""
    ):
        return None
    if source_identity and (not tags or _is_let_in(trial, source_identity="")):
        return sides.broken(
            "trust.source_identity",
            "The role lets the portal in, but not with a source identity. Allow sts:SetSourceIdentity in the role's "
            "trust policy, or take the claim for it off the permission set.",
        )
    return sides.broken(
        "trust.tag_session",
        "The role lets the portal in, but not with session tags. Allow sts:TagSession in the role's trust policy, and "
        "look at its conditions on tags; or take the tags off the permission set.",
    )


def _is_let_in(trial: Trial, **without: object) -> bool:
    try:
        trial.sessions.harmless(**without)
    except GatehouseError:
        return False
    return True


def region_of(role: OfferedRole) -> str:
    """Return where keys of a role are tried: in the account's default region, else in the partition's."""
    partition = partitions.find(role.partition)
    return role.region if partition.has_region(role.region) else partition.default_region


def _is_session_of(arn: str, role: OfferedRole) -> bool:
    wanted = rf"arn:{role.partition}:sts::{role.account_id}:assumed-role/{re.escape(role.iam_role_name)}/.+"
    return re.fullmatch(wanted, arn) is not None
