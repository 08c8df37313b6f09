"""What is explained is what the door does: for any company, any claims, blocks and second factors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import access
from accounts.entitlements import resolve
from accounts.errors import GatehouseError
from accounts.explanations import Question, RoleExplanation, explain, explain_role, who_can
from accounts.models import AuditEvent, Block, PermissionSet, Person, SignIn
from accounts.models.audit import AuditOutcome
from accounts.storable import storable
from accounts.types import Credentials, Kind, RoleRef, Subject
from tests import cast
from tests.accounts.test_entitlements_model import (
    ISSUERS,
    NOW,
    Record,
    build,
    claims_for,
    companies,
)

KEYS = Credentials("ASIAEXAMPLE", "the secret", "the token", NOW + timedelta(hours=1))
NOBODY = "nobody"


class Door:
    """The door, with AWS taken away from behind it."""

    def __enter__(self) -> Door:
        self._patches = [
            patch("accounts.trust.obtain", return_value=KEYS),
            patch("accounts.aws.signin.console_sign_in_url", return_value="https://aws.example/"),
        ]
        for each in self._patches:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._patches:
            each.stop()

    def refusal(self, subject: Subject, kind: Kind, role: RoleRef) -> str | None:
        """Return the code with which the door denies; None if it decides to open, whatever comes then."""
        try:
            if kind is Kind.KEYS:
                access.issue_keys(
                    subject=subject, role=role, duration=None, origin=cast.ORIGIN, now=NOW
                )
            else:
                access.console_url(
                    subject=subject,
                    role=role,
                    destination="",
                    duration=None,
                    origin=cast.ORIGIN,
                    now=NOW,
                )
        except GatehouseError:
            pass
        row = AuditEvent.objects.order_by("-id")[0]
        denied = AuditEvent(action=row.action).action.endswith(f".{AuditOutcome.DENIED.value}")
        return row.error_code if denied else None


class AnyCompany(TestCase):
    """Hypothesis with a transaction an example."""

    @given(data=st.data())
    def test_a_role_is_explained_as_the_door_decides(self, data: st.DataObject) -> None:
        company = data.draw(companies(), label="company")
        subject = self.somebody(data, company)
        build(company)
        for name in data.draw(
            st.sets(st.sampled_from([s["name"] for s in company["permission_sets"]]))
        ):
            PermissionSet.objects.filter(name=name).update(requires_mfa=True)
        if data.draw(st.integers(0, 5), label="blocked if 0") == 0:
            Block.objects.create(
                issuer=subject.issuer, sub=subject.sub, reason="left", created_by="carol"
            )
        decided = resolve(subject=subject, now=NOW).granted

        assert explain(subject, now=NOW).granted == decided
        sets = [*(offered["name"] for offered in company["permission_sets"]), "x"]
        with Door() as door:
            for account_id in (*(account["account_id"] for account in company["accounts"]), "7"):
                for role_name in sets:
                    explained = explain_role(
                        subject, account_id=account_id, role_name=role_name, now=NOW
                    )
                    for kind, refusal in explained.refusals.items():
                        code = door.refusal(subject, kind, RoleRef(account_id, role_name))
                        event(f"the door: {code}")
                        assert (None if refusal is None else refusal.code) == code
                    self.check_lines(explained, company, subject)

    def check_lines(self, explained: RoleExplanation, company: Record, subject: Subject) -> None:
        """Each mapping that gives the role is said to, with its value and kinds, and no other."""
        entitlement = explained.entitlement
        reasons = entitlement.reasons if entitlement else ()
        giving = [line for line in explained.lines if line.gives]
        if not explained.absent:
            assert {(line.name, line.value, line.kinds) for line in giving} == {
                (
                    reason.label,
                    reason.value,
                    tuple(
                        kind
                        for kind, gives in (
                            (Kind.CONSOLE, reason.console),
                            (Kind.KEYS, reason.keys),
                        )
                        if gives
                    ),
                )
                for reason in reasons
            }
        assert all(bool(line.missing) != line.gives for line in explained.lines)
        if explained.role is not None:
            issuer = subject.trusted_issuer
            could = [
                mapping
                for mapping in company["mappings"]
                if mapping["issuer"] == issuer
                and mapping["permission_set"] in (None, explained.role_name)
            ]
            assert len(explained.lines) + explained.more == len(could)

    @given(data=st.data())
    def test_who_can_enter_is_whom_the_door_lets_in(self, data: st.DataObject) -> None:
        company = data.draw(companies(), label="company")
        people = [
            replace(self.somebody(data, company), sub=f"sub-{number}", workload=False)
            for number in range(3)
        ]
        build(company)
        for name in data.draw(
            st.sets(st.sampled_from([s["name"] for s in company["permission_sets"]]))
        ):
            PermissionSet.objects.filter(name=name).update(privileged=True)
        stored = [self.sign_in(subject) for subject in people]
        blocked = data.draw(
            st.sets(st.sampled_from([subject.sub for subject in people])), label="blocked"
        )
        for subject in people:
            if subject.sub in blocked:
                Block.objects.create(
                    issuer=subject.issuer, sub=subject.sub, reason="left", created_by="carol"
                )
        accounts = [account["account_id"] for account in company["accounts"]]
        names = [offered["name"] for offered in company["permission_sets"]]
        question = Question(
            account_id=data.draw(st.sampled_from(["", *accounts])),
            role_name=data.draw(st.sampled_from(["", *names])),
            environment=data.draw(st.sampled_from(["", "", "production", "dev"])),
            privileged=data.draw(st.booleans()),
        )
        if not question:
            question = Question(account_id=accounts[0])

        answer = who_can(question, now=NOW)

        found = {
            one.person.subject.sub: {
                (
                    number,
                    console,
                    keys,
                    tuple(sorted((grant.rule.name, grant.value) for grant in grants)),
                )
                for number, console, keys, grants in one.roles()
            }
            for one in answer.people
        }
        meant = {}
        for subject in people:
            given = {
                (
                    each.role.id,
                    each.console,
                    each.keys,
                    tuple(sorted((reason.label, reason.value) for reason in each.reasons)),
                )
                for each in resolve(subject=subject, now=NOW).granted
                if question.account_id in ("", each.role.account_id)
                and question.role_name in ("", each.role.role_name)
                and question.environment
                in ("", each.role.environment.name if each.role.environment else None)
                and (each.role.privileged or not question.privileged)
            }
            if given and subject.sub not in blocked:
                meant[subject.sub] = given
        event(f"{len(meant)} can enter")
        assert found == meant
        assert answer.looked_at == len(stored) - len(blocked)
        for value in answer.values:
            self.check_value(
                value.rule.name, value.rule.claim, value.example, question, value.issuer
            )

    def check_value(
        self, name: str, claim: str, example: str, question: Question, issuer: str
    ) -> None:
        """Whoever comes with the value that was named has something of what was asked about, by that mapping."""
        somebody = Subject(
            issuer=issuer or ISSUERS[0],
            sub=NOBODY,
            claims={claim: [example]},
            workload=bool(issuer),
        )
        given = resolve(
            subject=somebody,
            now=NOW,
            account_id=question.account_id or None,
            role_name=question.role_name or None,
        ).granted
        assert name in {reason.label for each in given for reason in each.reasons}

    def somebody(self, data: st.DataObject, company: Record) -> Subject:
        return Subject(
            issuer=data.draw(st.sampled_from(ISSUERS), label="issuer"),
            sub="somebody",
            # As a sign-in stores them.
            claims=storable(data.draw(claims_for(company), label="claims")),
            workload=data.draw(st.sampled_from([False, False, True]), label="workload"),
            amr=data.draw(st.sampled_from([(), ("mfa",)]), label="amr"),
        )

    def sign_in(self, subject: Subject) -> SignIn:
        person = Person.objects.create(issuer=subject.issuer, sub=subject.sub, last_login=NOW)
        return SignIn.objects.create(
            person=person,
            claims=subject.claims,
            started_at=NOW,
            verified_at=NOW,
            last_used_at=NOW,
            expires_at=NOW + timedelta(hours=1),
        )
