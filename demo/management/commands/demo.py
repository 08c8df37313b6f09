"""Run the whole demo in the foreground: `manage.py demo`, or play its story: `manage.py demo --check`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from shlex import quote
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from demo.identity.roster import BadPeople
from demo.identity.users import User, load_users
from demo.launcher.aws_config import PROFILE, write_aws_config
from demo.launcher.home import CHECKOUT, COMPANY, HOME, PEOPLE, AlreadyRunning
from demo.launcher.network import DEFAULTS, Ports, PortTaken, choose
from demo.launcher.outlook import outlook
from demo.launcher.processes import Died, Family
from demo.launcher.seed import prepare
from demo.story.check import check

NAMES = {"identity": "the identity provider", "cloud": "the embedded AWS", "portal": "the portal"}


class Command(BaseCommand):
    help = "Run the portal with an embedded identity provider and an embedded AWS, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            help=f"the portal's port: {DEFAULTS.portal} or, if that is taken, another; 0 for any",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="play the demo's story without a browser and exit with 0 or 1; "
            "where no demo runs, start one for that with data of its own",
        )

    def handle(self, **options: Any) -> None:
        if options["check"]:
            check(self.stdout.write)
            return
        try:
            with HOME.in_use():
                self._run(options["port"])
        except AlreadyRunning:
            where = HOME.where()
            at = f" at {where.portal_url}" if where else ""
            raise CommandError(
                f"The demo is running already{at}. To start over, stop that one first."
            ) from None
        except (BadPeople, PortTaken, Died) as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            self.stdout.write("\nThe demo has ended; its data are kept.")

    def _run(self, port: int | None) -> None:
        started, ports, people = time.monotonic(), choose(port), load_users(PEOPLE)
        write_aws_config(HOME.aws_config, ports=ports)
        with Family(CHECKOUT) as family:
            for name, (command, environment, url) in HOME.processes(ports).items():
                if name == "portal":
                    self._say("Preparing the database and the static files ...")
                    prepare(HOME, COMPANY)
                    # The portal looks for its provider once as it starts, and then not for a while.
                    family.wait_until_answering()
                self._say(f"Starting {NAMES[name]} ...")
                family.start(
                    name, command=command, environment=environment, url=url, log=HOME.log(name)
                )
            family.wait_until_answering()
            with HOME.running(ports):
                if port is None and ports.portal != DEFAULTS.portal:
                    self._say(f"Port {DEFAULTS.portal} is taken, so it is another one.")
                self._greet(ports, people, seconds=time.monotonic() - started)
                family.watch()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _greet(self, ports: Ports, people: list[User], *, seconds: float) -> None:
        self.stdout.write(
            f"\nGatehouse is ready after {seconds:.0f} seconds. Open\n\n    {ports.portal_url}\n\n"
            "and sign in, without a password, as one of Northwind's people:\n"
        )
        for person in people:
            self.stdout.write(f"    {person.username:<9}{person.about}")
            for line in outlook(person, issuer=ports.identity_url, now=timezone.now()):
                self.stdout.write(f"             {line}")
        self.stdout.write(
            "\nOn the command line, with the AWS CLI 2:\n\n"
            f"    export AWS_CONFIG_FILE={quote(str(HOME.aws_config))}\n"
            f"    aws sso login --profile {PROFILE}\n"
            f"    aws sts get-caller-identity --profile {PROFILE}\n"
            "\nor with the portal's own command, in an environment of your own:\n\n"
            f"    pip install {quote(str(CHECKOUT / 'client'))}\n"
            f"    gatehouse login {ports.portal_url}\n"
            f"\nIdentity provider {ports.identity_url}, embedded AWS {ports.cloud_url}.\n"
            f"Data and logs are in {HOME.folder}. Ctrl-C ends it all.\n"
        )
        self.stdout.flush()
