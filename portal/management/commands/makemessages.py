"""Collect what is translated: also the first argument of `Message`, and the first two of `Message.counted`."""

from __future__ import annotations

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    xgettext_options = [
        *makemessages.Command.xgettext_options,
        "--keyword=Message:1",
        "--keyword=counted:1,2",
    ]
