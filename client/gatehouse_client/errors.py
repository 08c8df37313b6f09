"""What can go wrong, with exit codes. The messages are for people and hold no secret."""

from __future__ import annotations

from gatehouse_client.visible import visible


class CommandFailed(Exception):
    """Something did not work; the message says what, and what to do."""

    exit_code = 1


class UsageError(CommandFailed):
    """What was typed, or set in the environment, is not valid."""

    exit_code = 2


class NotSignedIn(CommandFailed):
    """Nobody is signed in, or the sign-in has ended."""

    exit_code = 3


def printable(text: object) -> str:
    """Return text of others ready for a terminal: one line, at most 2,000 characters, what is hidden in it marked."""
    return visible(str(text))[:2000]
