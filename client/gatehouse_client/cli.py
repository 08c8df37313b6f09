"""The command line -> one of the commands; errors -> standard error and an exit code.

Exit codes: 0 done, 1 failed, 2 not valid, 3 not signed in. `exec` ends with that of the program it runs.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence

from gatehouse_client import commands, transport
from gatehouse_client.errors import CommandFailed

INTERRUPTED = 130


def main(typed: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of this process; return the exit code."""
    arguments = list(sys.argv[1:] if typed is None else typed)
    # Everything after -- belongs to the program that exec runs, its options included.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, unknown = parser().parse_known_args(arguments[:end])
    options.command = arguments[end + 1 :]
    if unknown:
        hint = " (write the program after --)" if options.run is commands.execute else ""
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    if options.command and options.run is not commands.execute:
        options.parser.error("only exec runs a program after --")
    try:
        options.run(options)
        sys.stdout.flush()
    except CommandFailed as error:
        print(f"gatehouse: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe; without this, Python would print an error at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `run` of its result is the function to call."""
    gatehouse = argparse.ArgumentParser(
        prog="gatehouse",
        description="AWS keys and consoles from a Gatehouse portal.",
        epilog="GATEHOUSE_URL sets the default portal. GATEHOUSE_TOKEN or GATEHOUSE_TOKEN_FILE sets a "
        "token for machines, where nobody signs in. Exit codes: 1 failed, 2 not valid, 3 not signed in.",
    )
    version = transport.USER_AGENT.replace("/", " ")
    gatehouse.add_argument("--version", action="version", version=version)
    subcommands = gatehouse.add_subparsers(title="commands", required=True, metavar="COMMAND")

    portal = argparse.ArgumentParser(add_help=False)
    portal.add_argument(
        "--portal", metavar="URL", help="the portal; default: that of the latest sign-in"
    )
    role = argparse.ArgumentParser(add_help=False)
    role.add_argument("account", metavar="ACCOUNT", nargs="?", help="its id or name")
    role.add_argument("role", metavar="ROLE", nargs="?", help="the name of the role")
    role.add_argument("--role-arn", metavar="ARN", help="instead of account and role")
    less = argparse.ArgumentParser(add_help=False)
    less.add_argument(
        "--read-only",
        action="store_true",
        help="less than the role may: what its read-only policy leaves; fails where it has none",
    )
    keys = argparse.ArgumentParser(add_help=False)
    keys.add_argument(
        "--duration",
        metavar="TIME",
        type=_seconds,
        help="such as 900, 30m or 8h; default: the longest the role allows",
    )
    keys.add_argument(
        "--tag",
        metavar="KEY=VALUE",
        type=_tag,
        action="append",
        dest="tags",
        default=[],
        help="a session tag that the role allows; can be repeated",
    )

    def command(
        name: str, run: object, about: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        subcommand = subcommands.add_parser(
            name, help=about, description=about, parents=[portal, *parents]
        )
        subcommand.set_defaults(run=run, parser=subcommand)
        return subcommand

    login = command("login", commands.login, "Sign in.")
    login.add_argument("url", metavar="URL", nargs="?", help="the portal's address")
    login.add_argument(
        "--device", action="store_true", help="with a code, in a browser on another machine"
    )
    logout = command("logout", commands.logout, "Sign out.")
    logout.add_argument("url", metavar="URL", nargs="?", help="the portal's address")
    listing = command("list", commands.list_roles, "List your accounts and roles.")
    listing.add_argument("--json", action="store_true", help="as the API returns them")
    command(
        "credentials",
        commands.credentials,
        "Print keys in the format of credential_process.",
        role,
        keys,
        less,
    )
    console = command("console", commands.console, "Open the AWS console.", role, less)
    console.add_argument("--destination", metavar="URL", default="", help="a page of the console")
    console.add_argument("--print", action="store_true", help="print the link, which is a secret")
    execute = command("exec", commands.execute, "Run a program with keys.", role, keys, less)
    execute.usage = "%(prog)s [options] ACCOUNT ROLE -- PROGRAM ..."
    command("token", commands.token, "Print the access token, for curl and other programs.")
    config = command(
        "config", commands.config, "Print profiles for ~/.aws/config: one, or all.", role
    )
    config.add_argument(
        "--sso", action="store_true", help="profiles for aws sso login, not with credential_process"
    )
    config.add_argument(
        "--default",
        action="store_true",
        help="with --sso: [default] names the endpoints as well, for what uses no profile",
    )
    config.add_argument(
        "--search",
        metavar="WORDS",
        default="",
        help="only roles in which each word is found, as on the portal's pages",
    )
    config.add_argument(
        "--write",
        action="store_true",
        help="into the file: what is there is brought up to date, and nothing is there twice",
    )
    return gatehouse


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError("write KEY=VALUE")
    return key, value


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,6})([smh]?)", text)
    if not match:
        raise argparse.ArgumentTypeError("write seconds, or a number with s, m or h")
    return int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
