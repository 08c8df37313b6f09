"""Which roles a cut concerns: those of the directory, and those that people entered, by the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accounts import live_sessions
from accounts.aws.arn import parse_role_arn
from accounts.errors import InvalidRequest
from accounts.live_sessions import LiveSession
from accounts.models import Account, AccountRole, AuditEvent, Person, Placement, SignIn
from accounts.models.revocations import Engine, Reach
from accounts.storable import is_storable
from accounts.trust.session_names import person_mark

_REQUEST = timedelta(seconds=16)
"""What AWS's answer may take after the moment that the audit trail has, and the second in which it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody wants to cut. Which of the rest counts depends on the reach; a person is an issuer and a `sub`.

    `sign_in` and `elevation` are ids; `role_name` is a permission set's. `block`: refuse the person from now on.
    """

    reach: Reach
    account_id: str = ""
    role_name: str = ""
    issuer: str = ""
    sub: str = ""
    sign_in: str = ""
    elevation: str = ""
    engine: Engine = Engine.ROLES
    reason: str = ""
    block: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """What a request comes to: in words, what somebody types to confirm it, and each policy that has to hold it.

    `until` is the moment that no session which is meant began after; None for now. Placements are not saved.
    """

    what: str
    phrase: str
    person: Person | None
    mark: str
    placements: tuple[Placement, ...]
    sign_in: SignIn | None = None
    until: datetime | None = None

    @property
    def accounts(self) -> int:
        return len({placement.account_id for placement in self.placements})


def reach(request: Request, *, now: datetime) -> Reached:
    """Return what a request comes to, now.

    Raises:
        InvalidRequest: it names what is not there, or the organization has no policy for it.
    """
    if not all(
        map(is_storable, (request.account_id, request.role_name, request.issuer, request.sub))
    ):
        raise _none("such thing")
    match request.reach:
        case Reach.ROLE | Reach.ACCOUNT | Reach.EVERYTHING:
            return _of_everybody(request, now=now)
        case Reach.PERSON | Reach.PERSON_IN_ROLE:
            return _of_person(request, now=now)
        case Reach.SIGN_IN | Reach.ELEVATION:
            return _of_one(request, now=now)


def of_person(*, issuer: str, sub: str, now: datetime) -> list[Placement]:
    """Return a policy for each role that a person entered and may still be in. Not saved."""
    return placements_of(live_sessions.of_person(issuer=issuer, sub=sub, now=now))


def placements_of(sessions: Iterable[LiveSession]) -> list[Placement]:
    """Return a policy for each role that these sessions are of. Not saved."""
    arns = sorted({session.event.role_arn for session in sessions} - {""})
    offered = {
        role.arn: role
        for role in _offered(
            AccountRole.objects.filter(
                account__account_id__in={parse_role_arn(arn).account_id for arn in arns}
            )
        )
    }
    return [_placement(arn, offered.get(arn)) for arn in arns]


def _of_everybody(request: Request, *, now: datetime) -> Reached:
    roles = AccountRole.objects.all()
    events: QuerySet[AuditEvent] = AuditEvent.objects.all()
    what, phrase = "everybody in every account", "everything"
    if request.reach is not Reach.EVERYTHING:
        account = _account(request.account_id)
        roles, events = roles.filter(account=account), events.filter(account_id=account.account_id)
        what, phrase = f"everybody in {account}", account.account_id
    if request.reach is Reach.ROLE:
        roles, events = _in_role(request, roles, events)
        what, phrase = f"everybody with {request.role_name} in {account}", request.role_name
    placements = {one.policy_of: one for one in placements_of(live_sessions.alive(events, now=now))}
    for role in _offered(roles):
        placements[role.arn] = _placement(role.arn, role)
    if not placements:
        raise _none("role")
    return _reached(request, what, phrase, list(placements.values()))


def _of_person(request: Request, *, now: datetime) -> Reached:
    person = _person(request.issuer, request.sub)
    what = f"{person} ({person.identity})"
    if request.reach is Reach.PERSON_IN_ROLE:
        account = _account(request.account_id)
        roles, events = _in_role(
            request,
            AccountRole.objects.filter(account=account),
            AuditEvent.objects.filter(
                account_id=account.account_id, issuer=person.issuer, sub=person.sub
            ),
        )
        placements = {
            one.policy_of: one for one in placements_of(live_sessions.alive(events, now=now))
        } | {role.arn: _placement(role.arn, role) for role in _offered(roles)}
        if not placements:
            raise _none("role")
        what = f"{what}, {request.role_name} in {account}"
        return _reached(request, what, phrase_of(person), list(placements.values()), person)
    placements_of_person = of_person(issuer=person.issuer, sub=person.sub, now=now)
    return _reached(request, what, phrase_of(person), placements_of_person, person)


def _of_one(request: Request, *, now: datetime) -> Reached:
    """Return what a sign-in, or an elevation, entered. AWS knows neither, so the person is cut in those roles."""
    sign_in = None
    if request.reach is Reach.SIGN_IN:
        sign_in = _sign_in(request.sign_in)
        person, named = sign_in.person, {"detail__sign_in": str(sign_in.pk)}
        what = (
            f"{person} ({person.identity}), signed in since {sign_in.started_at:%Y-%m-%d %H:%M} UTC"
        )
    else:
        person = _person(request.issuer, request.sub)
        named = {"detail__elevation": request.elevation}
        what = f"{person} ({person.identity}), elevation {request.elevation}"
        if not request.elevation:
            raise _none("elevation")
    events = AuditEvent.objects.filter(issuer=person.issuer, sub=person.sub, **named)
    sessions = live_sessions.alive(events, now=now)
    latest = max((session.event.at for session in sessions), default=now)
    reached = _reached(
        request, what, phrase_of(person), placements_of(sessions), person, sign_in=sign_in
    )
    return Reached(
        reached.what,
        reached.phrase,
        person,
        reached.mark,
        reached.placements,
        sign_in,
        until=min(latest + _REQUEST, now),
    )


def phrase_of(person: Person) -> str:
    """Return what is typed to confirm that a person's sessions are cut."""
    return person.email or person.username or person.sub


def _reached(
    request: Request,
    what: str,
    phrase: str,
    placements: list[Placement],
    person: Person | None = None,
    *,
    sign_in: SignIn | None = None,
) -> Reached:
    mark = "" if person is None else person_mark(issuer=person.issuer, sub=person.sub)
    if request.engine is Engine.ORGANIZATION:
        placements = _by_organization(request, placements)
    return Reached(what, phrase, person, mark, tuple(placements), sign_in)


def _by_organization(request: Request, placements: list[Placement]) -> list[Placement]:
    """Return one policy in place of all those in its partition."""
    policy, role = settings.ORGANIZATION_REVOCATION_POLICY, settings.ORGANIZATION_REVOCATION_ROLE
    if not (policy and role):
        raise InvalidRequest(
            "This portal knows no policy of an organization: ORGANIZATION_REVOCATION_POLICY and ORGANIZATION_REVOCATION_ROLE "
            "are not set. Cut by the policies of the roles.",
            code="revocation.no_organization",
        )
    partition = parse_role_arn(role).partition
    inside = [one for one in placements if parse_role_arn(one.policy_of).partition == partition]
    if not inside:
        return placements
    arns = [parse_role_arn(one.policy_of) for one in inside]
    if request.reach is Reach.PERSON:
        roles = set()
    elif request.reach is Reach.EVERYTHING:
        roles = {f"arn:{partition}:iam::*:role{arn.path}{arn.name}" for arn in arns}
    else:
        roles = set(map(str, arns))
    whole = Placement(policy_of=policy, account_name="All member accounts", roles=sorted(roles))
    return [whole, *(one for one in placements if one not in inside)]


def _in_role(
    request: Request, roles: QuerySet[AccountRole], events: QuerySet[AuditEvent]
) -> tuple[QuerySet[AccountRole], QuerySet[AuditEvent]]:
    name = request.role_name
    return roles.filter(permission_set__name=name), events.filter(role_name=name)


def _offered(roles: QuerySet[AccountRole]) -> list[AccountRole]:
    return list(roles.select_related("account", "permission_set"))


def _placement(arn: str, role: AccountRole | None) -> Placement:
    parsed = parse_role_arn(arn)
    return Placement(
        account_id=parsed.account_id,
        account_name="" if role is None else role.account.name,
        role_name=parsed.name if role is None else role.permission_set.name,
        policy_of=arn,
    )


def _account(account_id: str) -> Account:
    found = Account.objects.filter(account_id=account_id.replace("-", "")).first()
    if found is None:
        raise _none("account")
    return found


def _person(issuer: str, sub: str) -> Person:
    found = Person.objects.filter(issuer=issuer, sub=sub).first()
    if found is None:
        raise _none("person")
    return found


def _sign_in(text: str) -> SignIn:
    try:
        return SignIn.objects.select_related("person").get(pk=text)
    except (SignIn.DoesNotExist, ValueError, TypeError, ValidationError):
        raise _none("sign-in") from None


def _none(what: str) -> InvalidRequest:
    return InvalidRequest(f"There is no such {what}. Nothing was cut.", code="revocation.nothing")
