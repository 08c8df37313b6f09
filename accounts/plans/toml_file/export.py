"""Write the directory and the mappings as one file that says all of it, always in the same order."""

from __future__ import annotations

from accounts.plans.entries import KINDS, Directory, Entry, identity_of
from accounts.plans.notation import pair

_HEADER = """\
# The directory and the mappings of this portal, as `manage.py export` writes them.
# Change it and load it with `manage.py apply FILE`; --dry-run shows what that would change.
"""


def export(directory: Directory) -> str:
    """Return a text that says everything there is; applied where it came from, it changes nothing."""
    parts = [_HEADER]
    for kind in KINDS:
        # Sorted here: databases order text each in their own way.
        parts += [
            render(entry)
            for entry in sorted(directory.values(), key=_order)
            if entry.kind == kind.kind
        ]
    return "\n".join(parts)


def render(entry: Entry) -> str:
    """Return one entry as a table with its header."""
    pairs = [pair(key, value) for key, value in entry.written(defaults=False).items()]
    return "\n".join([f"[[{entry.kind}]]", *pairs, ""])


def _order(entry: Entry) -> tuple[str, str]:
    return entry.name, identity_of(entry)[1]
