"""A plan as a file: what was planned, to be applied later, elsewhere, exactly as it was shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from accounts.errors import InvalidRequest

_FORMAT = "gatehouse plan 1"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    format: str
    planned_at: str
    revision: str
    whole: bool
    prune: bool
    manage: bool
    files: list[list[str]]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Files as they were planned, how, and the directory's revision then.

    It holds the files' texts, external ids included: keep it where the files may be read.
    """

    texts: tuple[tuple[str, str], ...]
    revision: str
    whole: bool = False
    prune: bool = False
    manage: bool = False


def written(file: PlanFile, *, now: datetime) -> str:
    """Return a plan file's text."""
    document = _Document(
        format=_FORMAT,
        planned_at=now.isoformat(),
        revision=file.revision,
        whole=file.whole,
        prune=file.prune,
        manage=file.manage,
        files=[list(pair) for pair in file.texts],
    )
    return document.model_dump_json(indent=1) + "\n"


def read(text: str) -> PlanFile:
    """Read a plan file.

    Raises:
        InvalidRequest: it is none, or of another version.
    """
    try:
        document = _Document.model_validate(json.loads(text))
        texts = tuple((name, content) for name, content in document.files)
    except (ValueError, ValidationError, RecursionError):
        raise InvalidRequest(
            "This is no plan file. `manage.py plan FILE --out plan.json` writes one.",
            code="plan.file",
        ) from None
    if document.format != _FORMAT:
        raise InvalidRequest(
            "This plan file is of another version of the portal. Make a new one.", code="plan.file"
        )
    return PlanFile(texts, document.revision, document.whole, document.prune, document.manage)
