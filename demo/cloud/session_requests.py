"""What a request to STS asks for, within the lengths and characters that STS takes."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from accounts.aws import limits
from demo.cloud import policies
from demo.cloud.answers import Refused, invalid
from demo.cloud.conditions import Context, PolicyNotUnderstood, key_name
from demo.cloud.identity_tokens import IdentityToken
from demo.cloud.sessions import Session

_NAME = r"[\w+=,.@-]*"
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")
_LONGEST_POLICY = 2048
_MOST_POLICY_ARNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """A session with a role as it is asked for. `claims` are the condition keys of a web identity token."""

    role_arn: str
    session_name: str
    duration: int
    external_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    claims: Context = field(default_factory=dict)

    @classmethod
    def of_form(cls, form: Mapping[str, str], *, tags: bool = True) -> SessionRequest:
        """Return what a form asks for; a web identity has its `tags` and source identity in its token.

        Raises:
            Refused: STS does not take it.
        """
        asked = cls(
            role_arn=form.get("RoleArn", ""),
            session_name=form.get("RoleSessionName", ""),
            duration=_duration(form.get("DurationSeconds", str(limits.DEFAULT_SESSION))),
            external_id=form.get("ExternalId", "") if tags else "",
            tags=_tags(form) if tags else {},
            transitive=frozenset(_members(form, "TransitiveTagKeys")) if tags else frozenset(),
            source_identity=form.get("SourceIdentity", "") if tags else "",
            policy=form.get("Policy", ""),
            policy_arns=tuple(_members(form, "PolicyArns", ".arn")),
        )
        asked._check()
        return asked

    def chained(self, session: Session) -> SessionRequest:
        """Return this request with what a session with another role hands down to it.

        Raises:
            Refused: it sets anew what cannot be changed.
        """
        if self.source_identity not in ("", session.source_identity) and session.source_identity:
            raise Refused("AccessDenied", "The source identity cannot be changed", status=403)
        if any(key.lower() in map(str.lower, session.inherited) for key in self.tags):
            raise Refused(
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive "
                "tag key from the calling session.",
            )
        return replace(
            self,
            tags={**session.inherited, **self.tags},
            transitive=self.transitive | session.transitive,
            source_identity=self.source_identity or session.source_identity,
        )

    def of_token(self, token: IdentityToken, provider: str) -> SessionRequest:
        """Return this request with what the token says; `provider` is the prefix of its condition keys.

        Raises:
            Refused: STS does not take it.
        """
        values: dict[str, tuple[str, ...]] = {
            "aud": (token.audience,),
            "sub": (token.subject,),
            "amr": token.methods,
            "oaud": (token.original_audience,) if token.original_audience else (),
        }
        found = replace(
            self,
            tags=dict(token.tags),
            transitive=token.transitive,
            source_identity=token.source_identity,
            claims={f"{provider}:{name}": value for name, value in values.items() if value},
        )
        found._check()
        return found

    def actions(self, first: str) -> list[str]:
        """Return the actions that a trust policy must allow."""
        tagged = ["sts:TagSession"] if self.tags or self.transitive else []
        identified = ["sts:SetSourceIdentity"] if self.source_identity else []
        return [first, *tagged, *identified]

    def context(self, action: str) -> Context:
        """Return the condition keys of this request for one of its actions.

        AWS lists sts:ExternalId for sts:AssumeRole only, so it is absent from the other two.
        """
        keys: dict[str, tuple[str, ...]] = {
            "sts:RoleSessionName": (self.session_name,),
            "sts:SourceIdentity": (self.source_identity,),
            "sts:TransitiveTagKeys": tuple(self.transitive),
            "sts:DurationSeconds": (str(self.duration),),
            "sts:ExternalId": (self.external_id if action == "sts:AssumeRole" else "",),
            "aws:TagKeys": tuple(self.tags),
            "aws:CurrentTime": (datetime.now(UTC).isoformat(),),
            "aws:EpochTime": (str(int(time.time())),),
            **{f"aws:RequestTag/{key}": (value,) for key, value in self.tags.items()},
        }
        present = {key_name(name): values for name, values in keys.items() if any(values)}
        return {**present, **self.claims}

    @property
    def packed_size(self) -> int:
        """How much of the space for tags and policies is used, in percent; AWS does not say how it packs."""
        if not (self.tags or self.policy or self.policy_arns):
            return 0
        text = json.dumps([self.policy, self.policy_arns, sorted(self.tags.items())])
        return max(1, 100 * len(zlib.compress(text.encode())) // _LONGEST_POLICY)

    def _check(self) -> None:
        for name, value, longest in (
            ("roleSessionName", self.session_name, limits.LONGEST_SESSION_NAME),
            ("sourceIdentity", self.source_identity, limits.LONGEST_SESSION_NAME),
        ):
            if len(value) == 1 or (name == "roleSessionName" and not value):
                raise invalid(name, value, "have length greater than or equal to 2")
            if len(value) > longest:
                raise invalid(name, value, f"have length less than or equal to {longest}")
            if not re.fullmatch(_NAME, value, re.ASCII):
                raise invalid(name, value, rf"satisfy regular expression pattern: {_NAME}")
        if not re.fullmatch(r"arn:[a-z-]+:iam::\d{12}:role/.+", self.role_arn):
            raise Refused("ValidationError", f"{self.role_arn} is invalid")
        if self.external_id and not re.fullmatch(limits.EXTERNAL_ID, self.external_id):
            raise invalid(
                "externalId",
                self.external_id,
                r"satisfy regular expression pattern: [\w+=,.@:\/-]*",
            )
        self._check_tags()
        self._check_policies()

    def _check_tags(self) -> None:
        if len(self.tags) > limits.MOST_SESSION_TAGS:
            raise invalid(
                "tags", "[...]", f"have length less than or equal to {limits.MOST_SESSION_TAGS}"
            )
        for key, value in self.tags.items():
            if not 1 <= len(key) <= limits.LONGEST_TAG_KEY or not _TAG_TEXT.fullmatch(key):
                raise invalid("tags.member.key", key, "satisfy constraints of keys")
            if len(value) > limits.LONGEST_TAG_VALUE or not _TAG_TEXT.fullmatch(value):
                raise invalid("tags.member.value", value, "satisfy constraints of values")
        if not self.transitive <= set(self.tags):
            raise Refused("InvalidParameterValue", "The transitive tag keys must be among the tags")

    def _check_policies(self) -> None:
        if len(self.policy) > _LONGEST_POLICY:
            raise invalid("policy", "...", f"have length less than or equal to {_LONGEST_POLICY}")
        if len(self.policy_arns) > _MOST_POLICY_ARNS:
            raise invalid(
                "policyArns", "[...]", f"have length less than or equal to {_MOST_POLICY_ARNS}"
            )
        try:
            if self.policy:
                policies.parse(self.policy)
        except PolicyNotUnderstood:
            raise Refused(
                "MalformedPolicyDocument", "The policy is not in the valid JSON format."
            ) from None
        if self.packed_size > 100:
            raise Refused(
                "PackedPolicyTooLarge",
                f"Packed policy consumes {self.packed_size}% of allotted space, please use smaller policy.",
            )


def _duration(text: str) -> int:
    if not text.isdecimal() or int(text) > limits.LONGEST_SESSION:
        raise invalid(
            "durationSeconds", text, f"have value less than or equal to {limits.LONGEST_SESSION}"
        )
    if int(text) < limits.SHORTEST_SESSION:
        raise invalid(
            "durationSeconds",
            text,
            f"have value greater than or equal to {limits.SHORTEST_SESSION}",
        )
    return int(text)


def _members(form: Mapping[str, str], name: str, end: str = "") -> list[str]:
    found: list[str] = []
    while (value := form.get(f"{name}.member.{len(found) + 1}{end}")) is not None:
        found.append(value)
    return found


def _tags(form: Mapping[str, str]) -> dict[str, str]:
    keys, values = _members(form, "Tags", ".Key"), _members(form, "Tags", ".Value")
    if len({key.lower() for key in keys}) < len(keys):
        raise Refused(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    return dict(zip(keys, values, strict=False))
