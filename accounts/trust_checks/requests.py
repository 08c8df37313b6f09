"""What a test asks AWS for: what people ask for with the role, with stand-ins for what the tester's claims lack."""

from __future__ import annotations

from dataclasses import replace

from accounts.aws.limits import SHORTEST_SESSION
from accounts.claims import pick
from accounts.errors import AccessDenied, AwsRefused, GatehouseError
from accounts.trust.session_names import session_name
from accounts.trust.session_requests import session_request
from accounts.types import OfferedRole, SessionRequest, SessionRules, Subject
from accounts.vouched_claims import vouched_for

STAND_IN = "gatehouse-test"
"""The value of a tag or a source identity for which the person who tests has no claim."""


def as_people_get_it(
    role: OfferedRole, subject: Subject
) -> tuple[SessionRequest, GatehouseError | None]:
    """Return the session to ask for, or a plain one and why people's cannot be asked for.

    The role comes with its session rules.
    """
    try:
        try:
            return _asked(role, subject), None
        except AccessDenied:
            # What people with the role have, an admin or a command need not have.
            return _asked(role, _with_stand_ins(subject, role.session_rules)), None
    except GatehouseError as error:
        return _plain(role, subject), error
    except ValueError as error:
        refusal = AwsRefused(
            "This account is not set up correctly. Contact your portal admins.",
            f"the permission set's session policies cannot be: {error}",
            code="trust.session_policy",
        )
        return _plain(role, subject), refusal


def _asked(role: OfferedRole, subject: Subject) -> SessionRequest:
    return session_request(role=role, subject=subject, duration=SHORTEST_SESSION)


def _plain(role: OfferedRole, subject: Subject) -> SessionRequest:
    return SessionRequest(
        role=role, subject=subject, session_name=session_name(subject), duration=SHORTEST_SESSION
    )


def _with_stand_ins(subject: Subject, rules: SessionRules | None) -> Subject:
    if rules is None:
        return subject
    held, single = vouched_for(subject), rules.source_identity_claim
    wanted = {claim for _, claim in rules.claim_tags} | {single} - {""}
    numbers = {claim: len(pick(held, claim)) for claim in wanted}
    lacking = {
        claim: STAND_IN
        for claim, number in numbers.items()
        if not number or (claim == single and number > 1)
    }
    return replace(subject, claims={**subject.claims, **lacking})
