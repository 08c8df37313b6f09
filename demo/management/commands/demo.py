"""Run the demo in the foreground: `manage.py demo`; check it: `manage.py demo --check`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from dataclasses import asdict
from shlex import quote
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from demo.check.run import check
from demo.identity.people_file import InvalidPeople
from demo.identity.users import User, load_users
from demo.launcher.access_summary import access_summary
from demo.launcher.aws_config import write_aws_config
from demo.launcher.cloud_setup import CloudSetup
from demo.launcher.first_minute import FirstMinute
from demo.launcher.folder import CHECKOUT, COMPANY, FOLDER, PEOPLE, AlreadyRunning
from demo.launcher.network import DEFAULTS, Ports, PortTaken, choose_ports, wanted_ports
from demo.launcher.processes import ProcessEnded, ProcessGroup
from demo.launcher.seed import keep_people, prepare

NAMES = {
    "identity": "the identity provider",
    "cloud": "the embedded AWS",
    "portal": "the portal",
    "issuer": "where AWS reads the portal's signing keys",
    "worker": "the worker",
}


class Command(BaseCommand):
    help = "Run the portal with an embedded identity provider and an embedded AWS, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            help=f"the portal's port: {DEFAULTS.portal} or that of the last start; if it is taken, another; 0 for any",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="sign in, take keys and open a console without a browser; exit with 0 or 1. If no demo "
            "runs, one is started for this, with its own data",
        )

    def handle(self, **options: Any) -> None:
        if options["check"]:
            check(self.stdout.write)
            return
        try:
            with FOLDER.locked():
                self._run(options["port"])
        except AlreadyRunning:
            ports = FOLDER.running_ports()
            at = f" at {ports.portal_url}" if ports else ""
            raise CommandError(f"The demo is running already{at}. Stop it first.") from None
        except (InvalidPeople, PortTaken, ProcessEnded) as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            self.stdout.write("\nThe demo has ended. Its data is kept.")

    def _run(self, port: int | None) -> None:
        started, people, last = time.monotonic(), load_users(PEOPLE), FOLDER.last_ports()
        ports = choose_ports(port, last)
        self._say_where(ports, wanted_ports(port, last))
        write_aws_config(FOLDER.aws_config, ports=ports)
        # Of the usual ports when Django read its settings; what is prepared below is for these.
        settings.OIDC_ISSUER, settings.TRUST_ISSUER = ports.identity_url, ports.issuer_url
        with ProcessGroup(CHECKOUT) as processes:
            for name, (command, environment, url) in FOLDER.processes(ports).items():
                if name == "portal":
                    self._say("Preparing the database and the static files ...")
                    prepare(FOLDER, COMPANY)
                    if last and last.identity != ports.identity:
                        keep_people(before=last.identity_url, now=ports.identity_url)
                    FOLDER.remember(ports)
                    # At its start the portal asks for the provider once, and then not for a while.
                    processes.wait_until_answering()
                    aws = CloudSetup(ports.cloud_url)
                    aws.create_hub(FOLDER.hub_credentials)
                self._say(f"Starting {NAMES[name]} ...")
                processes.start(
                    name, command=command, environment=environment, url=url, log=FOLDER.log(name)
                )
            # While the portal starts.
            for problem in aws.create_roles():
                self._say(f"No roles in {problem}")
            processes.wait_until_answering()
            # Whoever waits for the announcement, such as a test, finds everything said.
            self._greet(ports, people, seconds=time.monotonic() - started)
            with FOLDER.announced(ports):
                processes.watch()

    def _say_where(self, ports: Ports, wanted: dict[str, int]) -> None:
        for name, port in asdict(ports).items():
            if wanted[name] not in (0, port):
                self._say(f"Port {wanted[name]} is taken: {NAMES[name]} uses {port}.")
        self._say(f"The portal will be at {ports.portal_url}.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _greet(self, ports: Ports, people: list[User], *, seconds: float) -> None:
        lines = FirstMinute(FOLDER.aws_config)
        self.stdout.write(
            f"\nGatehouse is ready after {seconds:.0f} seconds. In one minute:\n\n"
            f"1. Open {ports.portal_url} and sign in, without a password, as alice. “Keys” at payments-dev gives her keys.\n\n"
            "2. With the AWS CLI 2 (2.13 or newer), in a second terminal:\n\n"
            f"       {lines.setting}\n       {lines.sign_in}\n       {lines.use}\n\n"
            "3. Be refused, and read why and what it takes:\n\n"
            f"       {lines.be_refused}\n\n"
            "Northwind's people, and what they have:\n"
        )
        for person in people:
            self.stdout.write(f"    {person.username:<9}{person.about}")
            for line in access_summary(person, issuer=ports.identity_url, now=timezone.now()):
                self.stdout.write(f"             {line}")
        self.stdout.write(
            "\nWithout the AWS CLI, the portal's own command does the same, in an environment of your own:\n\n"
            f"    pip install {quote(str(CHECKOUT / 'client'))}\n"
            f"    gatehouse login {ports.portal_url}\n"
            f"\nIdentity provider {ports.identity_url}, embedded AWS {ports.cloud_url}.\n"
            f"Data and logs are in {FOLDER.path}. “manage.py demo --check” does all of this by itself. Ctrl-C ends it.\n"
        )
        self.stdout.flush()
