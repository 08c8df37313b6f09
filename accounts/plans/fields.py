"""The kinds of values in entries: what a TOML file can say ("8h", "all", a role by its name), and back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError

from accounts import durations
from accounts.matching import Targets
from accounts.storable import is_storable

WHICH_ACCOUNTS = (
    'Say which: accounts = "all", or a table with ids, organizational_units, environments or tags.'
)


def _storable(text: str) -> str:
    if not is_storable(text):
        raise PydanticCustomError("text", "A NUL character (\\u0000) cannot be stored.")
    return text


def _not_empty(text: str) -> str:
    if not text:
        raise PydanticCustomError("text", "This is empty; say which.")
    return text


def _seconds(value: object) -> int:
    seconds = durations.parse(value) if isinstance(value, str) else value
    if type(seconds) is int:
        return seconds
    raise PydanticCustomError("duration", 'Write a duration as "8h", "90m", or in seconds: 3600.')


def _in_utc(value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        try:
            return value.astimezone(UTC)
        except OverflowError:
            pass
    raise PydanticCustomError(
        "moment",
        "Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z.",
    )


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Text, AfterValidator(_not_empty)]
_DURATION_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "integer"}], "examples": ["8h", "90m", 3600]}
)
Duration = Annotated[
    int, BeforeValidator(_seconds), PlainSerializer(durations.write), _DURATION_SCHEMA
]
OptionalDuration = Annotated[
    int | None,
    _DURATION_SCHEMA,
    BeforeValidator(lambda value: None if value is None else _seconds(value)),
    PlainSerializer(lambda seconds: None if seconds is None else durations.write(seconds)),
]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Tags = Annotated[dict[Text, Text], PlainSerializer(lambda tags: dict(sorted(tags.items())))]


class Part(BaseModel):
    """What an entry is made of: nothing is converted in silence, and no key is ignored."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )


class Role(Part):
    """A permission set in an account; `iam_role_name` is "" where the IAM role has the same name."""

    permission_set: Name
    iam_role_name: Text = ""
    subjects: list[Name] = []

    @model_validator(mode="before")
    @classmethod
    def _from_its_name(cls, value: object) -> object:
        if isinstance(value, str):
            return {"permission_set": _not_empty(value)}
        if not isinstance(value, dict | Role):
            raise PydanticKnownError("string_type")
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say that a role can be its name alone."""
        return {"anyOf": [{"type": "string"}, handler.resolve_ref_schema(handler(schema))]}

    @model_serializer
    def _written(self) -> str | dict[str, Any]:
        more = {"iam_role_name": self.iam_role_name, "subjects": self.subjects}
        given = {key: value for key, value in more.items() if value}
        return {"permission_set": self.permission_set, **given} if given else self.permission_set


def sorted_roles(roles: Iterable[Role]) -> list[Role]:
    """Return roles by permission set, the first of each; databases order text each in their own way."""
    by_name: dict[str, Role] = {}
    for role in roles:
        by_name.setdefault(role.permission_set, role)
    return [by_name[name] for name in sorted(by_name)]


Roles = Annotated[list[Role], AfterValidator(sorted_roles)]


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list) else [value]


_TEXT_SCHEMA = {"type": "string"}


class TargetsTable(Part):
    """The accounts a mapping reaches, as a file names them; the parts add up."""

    ids: list[Name] = []
    organizational_units: list[Name] = []
    environments: list[Name] = []
    tags: dict[
        Text,
        Annotated[
            list[Text],
            BeforeValidator(_one_or_more),
            WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA}]}),
        ],
    ] = {}


def _accounts(value: object) -> Targets:
    if isinstance(value, Targets):
        return value
    if value == "all":
        return Targets(everything=True)
    if not isinstance(value, dict):
        raise PydanticCustomError("accounts", WHICH_ACCOUNTS)
    table = TargetsTable.model_validate(value)
    return Targets(
        accounts=frozenset(table.ids),
        organizational_units=frozenset(table.organizational_units),
        environments=frozenset(table.environments),
        tags=frozenset((key, text) for key, texts in table.tags.items() for text in texts),
    )


def _written_accounts(targets: Targets) -> Literal["all"] | dict[str, Any]:
    if targets.everything:
        return "all"
    tags: dict[str, list[str]] = {}
    for key, text in sorted(targets.tags):
        tags.setdefault(key, []).append(text)
    parts = {
        "ids": sorted(targets.accounts),
        "organizational_units": sorted(targets.organizational_units),
        "environments": sorted(targets.environments),
        "tags": {key: texts[0] if len(texts) == 1 else texts for key, texts in tags.items()},
    }
    return {key: part for key, part in parts.items() if part}


Accounts = Annotated[
    Targets,
    BeforeValidator(_accounts),
    PlainSerializer(_written_accounts),
    WithJsonSchema({"anyOf": [{"const": "all"}, TargetsTable.model_json_schema()]}),
]
