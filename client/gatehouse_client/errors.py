"""What can go wrong, each with the exit code it ends with. The text is for people and holds no secret."""

from __future__ import annotations


class Failed(Exception):
    """Something did not work; the text says what, and what to do."""

    exit_code = 1


class Misused(Failed):
    """What was typed, or set in the environment, cannot be."""

    exit_code = 2


class NotSignedIn(Failed):
    """Nobody is signed in, or not any more."""

    exit_code = 3


def plain(text: object) -> str:
    """Return what others sent so that it can be shown: one line, and no commands to the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))[:2000]
