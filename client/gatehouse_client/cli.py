"""The command line: what is typed -> one of the commands; errors -> standard error and an exit code.

0 done, 1 failed, 2 cannot be understood, 3 not signed in. `exec` ends as the program that it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence

from gatehouse_client import commands, web
from gatehouse_client.errors import Failed

INTERRUPTED = 130


def main(typed: Sequence[str] | None = None) -> int:
    """Do what is typed; return the exit code."""
    arguments = list(sys.argv[1:] if typed is None else typed)
    # What comes after -- is another program's, options included.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options, rest = _parser().parse_known_args(arguments[:cut])
    options.command = arguments[cut + 1 :]
    if rest:
        hint = "; a program stands after --" if options.run is commands.execute else ""
        options.parser.error(f"what is {' '.join(rest)}{hint}?")
    if options.command and options.run is not commands.execute:
        options.parser.error("only exec takes a program after --")
    try:
        options.run(options)
        sys.stdout.flush()
    except Failed as error:
        print(f"gatehouse: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read went away; Python would complain about it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatehouse",
        description="AWS keys and consoles from a Gatehouse portal.",
        epilog="GATEHOUSE_URL is the portal where none is named; GATEHOUSE_TOKEN (or _TOKEN_FILE) is a "
        "token of it for machines, where nobody signs in. Exit codes: 1 failed, 2 not understood, "
        "3 not signed in.",
    )
    parser.add_argument("--version", action="version", version=web.AGENT.replace("/", " "))
    known = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    here = argparse.ArgumentParser(add_help=False)
    here.add_argument("--portal", metavar="URL", help="the portal; else the one signed in to last")
    role = argparse.ArgumentParser(add_help=False)
    role.add_argument("account", metavar="ACCOUNT", nargs="?", help="its id or its name")
    role.add_argument("role", metavar="ROLE", nargs="?", help="the role's name")
    role.add_argument("--role-arn", metavar="ARN", help="instead of account and role")
    for_long = argparse.ArgumentParser(add_help=False)
    for_long.add_argument(
        "--duration", metavar="TIME", type=_seconds, help="900, 30m, 8h; else the longest there is"
    )
    for_long.add_argument(
        "--tag",
        metavar="KEY=VALUE",
        type=_tag,
        action="append",
        dest="tags",
        default=[],
        help="a session tag that the role takes; may be given several times",
    )

    def command(
        name: str, run: object, about: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        found = known.add_parser(name, help=about, description=about, parents=[here, *parents])
        found.set_defaults(run=run, parser=found)
        return found

    login = command("login", commands.login, "Sign in.")
    login.add_argument("url", metavar="URL", nargs="?", help="the portal's address")
    login.add_argument(
        "--device", action="store_true", help="with a code, in the browser of another machine"
    )
    logout = command("logout", commands.logout, "Sign out.")
    logout.add_argument("url", metavar="URL", nargs="?", help="the portal's address")
    listing = command("list", commands.show, "List the accounts and roles that are yours.")
    listing.add_argument("--json", action="store_true", help="as the API answers it")
    command(
        "credentials",
        commands.credentials,
        "Print keys, as credential_process wants them.",
        role,
        for_long,
    )
    console = command("console", commands.console, "Open the AWS console.", role)
    console.add_argument("--destination", metavar="URL", default="", help="a page of the console")
    console.add_argument("--print", action="store_true", help="print the link, which is a secret")
    execute = command("exec", commands.execute, "Run a program with keys.", role, for_long)
    execute.usage = "%(prog)s [options] ACCOUNT ROLE -- PROGRAM ..."
    command("token", commands.token, "Print the access token, for curl and the like.")
    command("config", commands.config, "Print profiles for ~/.aws/config: one, or all.", role)
    return parser


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError("write KEY=VALUE")
    return key, value


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", text)
    if not found:
        raise argparse.ArgumentTypeError("write seconds, or a number with s, m or h")
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]
