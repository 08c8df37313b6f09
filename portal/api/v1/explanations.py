"""Why somebody has access or not, and who can enter, for portal admins and auditors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts import explanations as domain
from accounts import rights
from accounts.errors import GatehouseError, InvalidRequest
from accounts.explanations import Asked, Question, RoleExplanation, WhoCan, rows
from accounts.explanations.uses import uses_of
from accounts.explanations.who import Grant, PersonWho
from accounts.types import Entitlement, Kind
from portal.api.v1.auth import reader_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.explanation_schemas import ExplainIn, ExplanationOut, WhoCanOut
from portal.api.v1.pagination import MAX_LIMIT, PageParams
from portal.api.v1.schemas import FilterText

router = Router(tags=["Audit"])
ERRORS = frozenset({400, 401, 403, 413, 422, 429, 503})
_CSV = "text/csv"


class WhoCanFilters(PageParams):
    """Which roles are asked about: all of it has to be true, and something has to be named."""

    account_id: FilterText | None = Field(None, description="The account's twelve digits.")
    role_name: FilterText | None = Field(None, description="The permission set.")
    environment: FilterText | None = Field(None, description="The environment's name.")
    privileged: bool = Field(
        False, description="Only roles that are marked as privileged.", examples=[True]
    )
    format: Literal["json", "csv"] = Field(
        "json", description="csv: a row for each role of each person, whatever the limit."
    )


@router.post(
    "/explain",
    response={200: ExplanationOut, ERRORS: ErrorOut},
    operation_id="explain",
    summary="Why somebody can enter, or cannot",
)
def explain(request: HttpRequest, body: ExplainIn) -> dict[str, Any]:
    """Explain what a person seen before, or pasted claims, can enter; and of one role, mapping by mapping, what is missing."""
    _refuse_others(request)
    asked, now = _asked(body), timezone.now()
    explained = domain.explain(asked.subject, now=now)
    granted = [
        one
        for one in explained.granted
        if body.account_id in (None, one.role.account_id)
        and body.role_name in (None, one.role.role_name)
    ]
    role = None
    if body.account_id is not None and body.role_name is not None:
        role = domain.explain_role(
            asked.subject, account_id=body.account_id, role_name=body.role_name, now=now
        )
    return {
        "issuer": asked.subject.issuer,
        "sub": asked.subject.sub,
        "label": asked.subject.label,
        "claims_verified_at": asked.verified_at,
        "notes": asked.notes,
        "blocked": bool(explained.blocks),
        "problems": [asdict(problem) for problem in explained.problems],
        "total": len(granted),
        "items": [_given(one) for one in granted[:MAX_LIMIT]],
        "role": role and _role(role),
    }


@router.get(
    "/explain/who",
    response={200: WhoCanOut, ERRORS: ErrorOut},
    operation_id="who_can",
    summary="Who can enter",
    openapi_extra={
        "responses": {200: {"content": {_CSV: {"schema": {"type": "string"}}}}},
    },
)
def who_can(request: HttpRequest, filters: Query[WhoCanFilters]) -> Any:
    """List the people seen so far who can enter what is named, the last to sign in first, and the claim values that give it."""
    _refuse_others(request)
    question = Question(
        account_id=filters.account_id or "",
        role_name=filters.role_name or "",
        environment=filters.environment or "",
        privileged=filters.privileged,
    )
    answer = domain.who_can(question, now=timezone.now())
    if filters.format == "csv":
        if request.META["REQUEST_METHOD"] == "HEAD":
            return HttpResponse(content_type=_CSV)
        return StreamingHttpResponse(rows.csv_file(answer), content_type=_CSV)
    begin = _place(filters.after)
    shown = answer.people[begin : begin + filters.limit]
    end = begin + len(shown)
    return {
        "items": _people(shown, answer),
        "next": str(end) if end < len(answer.people) else None,
        "total": len(answer.people),
        "looked_at": answer.looked_at,
        "blocked": answer.blocked,
        "unknown": answer.unknown,
        "cut": answer.cut,
        "values": [
            {
                "mapping": one.rule.name,
                "issuer": one.issuer,
                "claim": one.rule.claim,
                "value": one.rule.value,
                "example": one.example,
                "expires_at": one.expires_at,
                "people": one.people,
            }
            for one in answer.values[:MAX_LIMIT]
        ],
        "more_values": max(0, len(answer.values) - MAX_LIMIT),
    }


def _refuse_others(request: HttpRequest) -> None:
    rights.refuse_explaining(reader_of(request))


def _asked(body: ExplainIn) -> Asked:
    now = timezone.now()
    if (body.person is None) == (body.claims is None):
        raise InvalidRequest(
            "Send either a person or claims.", "explain: both or neither", code="explain.subject"
        )
    if body.claims is not None:
        return domain.pasted(body.claims, now=now)
    found = domain.find_people(str(body.person))
    if len(found) != 1:
        raise InvalidRequest(
            "Several people are called so. Send the `sub` of one."
            if found
            else "Nobody of this name has signed in or asked the API. Send their claims.",
            f"explain: {len(found)} people",
            code="explain.person",
        )
    return domain.of_person(found[0], now=now)


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) < 9):
        raise InvalidRequest(
            "`after` is the `next` of the previous page.", "no such page", code="request.page"
        )
    return int(after)


def _given(one: Entitlement) -> dict[str, Any]:
    return {
        "account_id": one.role.account_id,
        "account_name": one.role.account_name,
        "role_name": one.role.role_name,
        "privileged": one.role.privileged,
        "console": one.console,
        "keys": one.keys,
        "reasons": [
            {"mapping": reason.label, "claim": reason.claim, "value": reason.value}
            for reason in one.reasons
        ],
    }


def _role(role: RoleExplanation) -> dict[str, Any]:
    return {
        "account_id": role.account_id,
        "role_name": role.role_name,
        "absent": role.absent,
        "console": _refusal(role.refusals[Kind.CONSOLE]),
        "keys": _refusal(role.refusals[Kind.KEYS]),
        "mappings": [
            {
                "mapping": line.name,
                "claim": line.claim,
                "wanted": line.wanted,
                "value": line.value,
                "console": Kind.CONSOLE in line.kinds,
                "keys": Kind.KEYS in line.kinds,
                "missing": line.missing,
            }
            for line in role.lines
        ],
        "more_mappings": role.more,
    }


def _refusal(refusal: GatehouseError | None) -> dict[str, str] | None:
    if refusal is None:
        return None
    return {"code": refusal.code, "message": refusal.user_message}


def _people(shown: tuple[PersonWho, ...], answer: WhoCan) -> list[dict[str, Any]]:
    subjects = [one.person.subject for one in shown]
    used = uses_of(((subject.issuer, subject.sub) for subject in subjects), answer.question)
    uses = [used.get((subject.issuer, subject.sub)) for subject in subjects]
    return [
        {
            "issuer": one.person.subject.issuer,
            "sub": one.person.subject.sub,
            "label": one.person.label,
            "claims_verified_at": one.person.verified_at,
            "times_used": use.times if use else 0,
            "last_used_at": use and use.last_at,
            "roles": [
                {
                    "role_name": gained.role_name,
                    "environment_label": gained.environment,
                    "privileged": gained.privileged,
                    "accounts": gained.accounts,
                    "console": gained.console,
                    "keys": gained.keys,
                }
                for gained in one.gained
            ],
            "reasons": [_given_by(grant) for grant in one.grants],
        }
        for one, use in zip(shown, uses, strict=True)
    ]


def _given_by(grant: Grant) -> dict[str, str]:
    return {"mapping": grant.rule.name, "claim": grant.rule.claim, "value": grant.value}
