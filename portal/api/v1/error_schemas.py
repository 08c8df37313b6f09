"""The schemas of errors, and of what helps whoever is refused."""

from __future__ import annotations

from ninja import Schema
from pydantic import Field


class ArrivedOut(Schema):
    """The values of a claim that arrived."""

    claim: str = Field(description="The claim's name.")
    values: list[str] = Field(description="In the order of the alphabet, at most 20.")
    more: int = Field(description="How many are not listed.")


class NeededOut(Schema):
    """A value of a claim that would give the role."""

    claim: str = Field(description="The claim's name.")
    value: str = Field(description="A text, or a pattern.")
    is_pattern: bool = Field(description="Whether `*` in it stands for any text.")


class RefusalOut(Schema):
    """What helps whoever is refused, or whoever is asked for help."""

    person: str = Field(description="Who was refused.")
    kind: str = Field(description="`keys` or `console`; empty where no role was asked for.")
    account_id: str = Field(description="As it was asked for.")
    account_name: str = Field(description="Empty unless the caller has a role in this account.")
    role_name: str = Field(description="As it was asked for.")
    arrived: list[ArrivedOut] = Field(
        description="The claims that roles come from, as they arrived; empty where they do not matter."
    )
    needed: list[NeededOut] = Field(
        description="Any of these would give the role. Empty unless the operator allows to say it."
    )
    help_url: str = Field(description="The page with a message that is ready to be sent; or empty.")
    contact: str = Field(description="Whom to ask for help; may be empty.")


class ErrorBody(Schema):
    """An error."""

    code: str = Field(description="Stable: programs decide by it.")
    message: str = Field(description="For people: what happened and what to do.")
    request_id: str = Field(description="Quote it to your portal admins; also in X-Request-Id.")
    can_retry: bool = Field(description="Whether the same request may succeed a little later.")
    refusal: RefusalOut | None = Field(
        None, description="With refusals of a role, by the portal or AWS."
    )


class ErrorOut(Schema):
    """Every error response has this shape."""

    error: ErrorBody = Field(description="What went wrong.")
