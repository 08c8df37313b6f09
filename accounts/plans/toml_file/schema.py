"""The JSON schema of a file, for editors: generated from the entries that read it."""

from __future__ import annotations

from typing import Any

from accounts.plans.entries import KINDS, AccountEntry

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""What Taplo and Even Better TOML understand."""


def schema() -> dict[str, Any]:
    """Return the schema of a file. It holds the shape; names, references and AWS's rules are checked by a plan."""
    properties: dict[str, Any] = {}
    for kind in KINDS:
        table = kind.model_json_schema()
        # Each definition is small, and one place for all would need names that differ.
        if kind is AccountEntry:
            del table["properties"]["renamed_from"]
        properties[kind.kind] = {"type": "array", "items": _without_references(table)}
    return {
        "$schema": _DIALECT,
        "title": "Directory and mappings of Gatehouse",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _without_references(table: dict[str, Any]) -> dict[str, Any]:
    definitions = table.pop("$defs", {})

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return resolved(definitions[value["$ref"].rpartition("/")[2]])
            return {key: resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [resolved(item) for item in value]
        return value

    found: dict[str, Any] = resolved(table)
    return found
