"""What is wrong, in words for portal admins, for each side: the portal, the account's provider, the role."""

from __future__ import annotations

import re
from dataclasses import dataclass

from accounts.aws import errors
from accounts.aws.trust_policies import Caller, Judgement, Remark, Verdict
from accounts.durations import in_words
from accounts.models.trust_checks import CheckOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a test ended. `code` is "" where all is well; `warnings` are about a role that works."""

    outcome: CheckOutcome
    code: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()


DENIED = "trust.denied"
"""AWS refuses and does not say why: the role's trust policy, or there is no such role, or ..."""

# These say nothing about the role: nobody gets any keys through this portal.
_OF_THE_PORTAL = frozenset(
    (
        errors.HUB.code,
        errors.NO_REGION.code,
        errors.ENDPOINT.code,
        errors.CLOCK.code,
        errors.OUTBOUND_DENIED.code,
        "signing.key_unreadable",
        "signing.no_key",
        "aws.outbound_federation_disabled",
        "aws.partition",
        "aws.partition_without_hub",
        "trust.unknown",
    )
)

# Of errors at AWS whose own words for admins need the names of this account.
_BY_ERROR = {
    errors.NO_IDENTITY_PROVIDER.code: (
        "trust.provider_missing",
        "The account has no IAM OIDC provider for the issuer {issuer}. Create it in this account, with "
        "exactly this address and the audience {audience}.",
    ),
    errors.TOKEN_AUDIENCE.code: (
        "trust.provider_audience",
        "The account's IAM OIDC provider for {issuer} does not list the audience {audience}. Add it to the "
        "provider as a client id.",
    ),
    errors.TOKEN_SIGNATURE.code: (
        "trust.provider_keys",
        "AWS could not verify the token's signature with the keys that {issuer} publishes. If they were "
        "changed a moment ago, test again in a few minutes.",
    ),
    errors.ISSUER_CERTIFICATE.code: (
        "trust.provider_certificate",
        "AWS does not trust the TLS certificate of {issuer}. Use one of a public authority, or renew the "
        "thumbprints of the account's IAM OIDC provider.",
    ),
    errors.TAGGING.code: (
        "trust.tag_session",
        "The role does not let the portal set session tags. Allow sts:TagSession in the role's trust policy, "
        "for the same principal as the session.",
    ),
    "aws.region_disabled": (
        "trust.region_disabled",
        "STS is not active for this account in the region that the portal asks. Activate it in the account's "
        "settings of IAM, or have the portal ask in another region.",
    ),
}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html: AWS's words for which kind
# of policy refuses, where it says so.
_BY_KIND_OF_POLICY = (
    (
        re.compile(r"role trust policy"),
        "trust.policy",
        "The role's trust policy refuses the portal. ",
    ),
    (
        re.compile(r"(service|resource) control policy"),
        "trust.organization_policy",
        "A policy of the account's organization refuses this, not the role. ",
    ),
    (
        re.compile(r"identity-based policy|permissions boundary|session policy"),
        "trust.portal_policy",
        "The portal's own policy at AWS refuses this, not the role: it must allow sts:AssumeRole on the role, and "
        "with tags sts:TagSession. ",
    ),
)


def works(warnings: tuple[str, ...]) -> Finding:
    """Return the finding of a role that gives keys."""
    return Finding(outcome=CheckOutcome.WORKS, warnings=warnings)


def broken(code: str, message: str) -> Finding:
    """Return the finding of a role that gives nobody keys."""
    return Finding(outcome=CheckOutcome.BROKEN, code=code, message=message)


def unknown(code: str, message: str) -> Finding:
    """Return the finding of a test that could not find out."""
    return Finding(outcome=CheckOutcome.UNKNOWN, code=code, message=message)


def of_refusal(code: str, admin_message: str, caller: Caller | None) -> Finding:
    """Return what a refusal of AWS means for a role; `caller` is the portal as AWS sees it, if that is known."""
    if code in _OF_THE_PORTAL:
        return unknown(code, f"The portal itself is not set up for this: {admin_message}")
    if code in (errors.DENIED.code, errors.UNKNOWN.code):
        return _of_denial(admin_message, caller)
    ours, template = _BY_ERROR.get(code, (code, "{error}"))
    facts = {"issuer": _issuer(caller), "audience": _claim(caller, "aud"), "error": admin_message}
    message = template.format_map(facts)
    return broken(ours, message if ours == code else f"{message} [{admin_message}]")


def of_missing_role(arn: str) -> Finding:
    """Return the finding of a role that is not there."""
    return broken(
        "trust.role_absent",
        f"There is no role {arn} in the account. Create it, or correct its name or path in the directory.",
    )


def of_other_path(arn: str, found: str) -> Finding:
    """Return the finding of a role whose path in AWS is another."""
    return broken(
        "trust.role_path",
        f"The role in the account is {found}, and not {arn}. Correct the path in the directory.",
    )


def of_judgement(judgement: Judgement) -> Finding | None:
    """Return the finding of a role that refuses, after its trust policy was read; None if that does not tell."""
    if judgement.verdict is Verdict.FITS:
        return broken(
            "trust.other_policy",
            "The role's trust policy lets the portal in, so something else refuses: the portal's own policy at "
            "AWS, or a policy of the account's organization.",
        )
    if judgement.verdict is Verdict.UNKNOWN:
        return None
    return broken(
        f"trust.{judgement.faults[0].code}",
        "The role's trust policy refuses the portal: " + _sentences(judgement.faults),
    )


def region_refuses(region: str) -> str:
    """Say that keys do not work in the account's default region."""
    return f"Keys do not work in {region}, the account's default region: enable it in the account, or choose another."


def too_long(offered: int, allowed: int) -> str:
    """Say that the permission set offers longer sessions than the role allows; both in seconds."""
    return (
        f"The permission set offers sessions of {in_words(offered)}, and the role allows {in_words(allowed)} at most. "
        "Raise the role's MaxSessionDuration, or lower the permission set's session duration."
    )


EXTERNAL_ID_NOT_DEMANDED = (
    "The role lets the portal in without the account's external id too. Demand sts:ExternalId in its trust policy, so that "
    "nobody can have the portal enter a role that is not theirs."
)
CHOSEN_TAGS_REFUSED = (
    "The role refuses the session tags that the permission set lets people choose. Allow sts:TagSession in its trust "
    "policy, and look at its conditions on tags; or take these tags off the permission set."
)
ANY_SUBJECT = "The role lets in tokens that the portal signs for another role. Demand this role's own subject in its trust policy."


def dangers(judgement: Judgement) -> tuple[str, ...]:
    """Return what is dangerous in a trust policy, and what could not be judged, as warnings."""
    found = tuple(f"Dangerous: {danger.text}" for danger in judgement.dangers)
    if judgement.verdict is Verdict.UNKNOWN:
        found += tuple(f"Not judged: {fault.text}" for fault in judgement.faults)
    return found


def _of_denial(admin_message: str, caller: Caller | None) -> Finding:
    for pattern, code, says in _BY_KIND_OF_POLICY:
        if pattern.search(_quoted(admin_message)):
            return broken(code, f"{says}[{admin_message}]")
    return broken(
        DENIED,
        "AWS refuses and does not say why: the same answer stands for a role that does not exist, for a trust policy "
        f"that does not let the portal in, and for a policy of an organization. {_expected(caller)}[{admin_message}]",
    )


def _quoted(admin_message: str) -> str:
    """Return what AWS said, without the portal's own words before it."""
    return admin_message.partition("[")[2]


def _expected(caller: Caller | None) -> str:
    if caller is None:
        return ""
    values = ", ".join(
        f"{key} {'as the account says' if key == 'sts:externalid' else value}"
        for key, value in caller.context.items()
    )
    actions = " and ".join(caller.actions)
    where = f" where {values}" if values else ""
    return f"The trust policy must allow {actions} for {caller.principal}{where}. "


def _sentences(remarks: tuple[Remark, ...]) -> str:
    return " ".join(remark.text for remark in remarks)


def _issuer(caller: Caller | None) -> str:
    if caller is None:
        return "of the token"
    _, _, url = caller.principal.partition(":oidc-provider/")
    return f"https://{url}"


def _claim(caller: Caller | None, claim: str) -> str:
    found = (
        ""
        if caller is None
        else next((value for key, value in caller.context.items() if key.endswith(f":{claim}")), "")
    )
    return found or "of the token"
