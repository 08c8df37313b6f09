"""A scratch Redis that tests can stop, freeze, kill and start again."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests import processes, real_parts


class Server:
    """A Redis on a port of its own, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.password = secrets.token_hex()
        self._folder = folder
        self._port = processes.free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{self.password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, empty; return when it answers."""
        # By a file: on the command line everybody on the machine could read the password.
        configuration = self._folder / "redis.conf"
        configuration.write_text(
            f'bind 127.0.0.1\nport {self._port}\nrequirepass {self.password}\nsave ""\n'
            f"appendonly no\ndir {self._folder}\nlogfile {self._folder / 'log'}\n"
        )
        self._process = subprocess.Popen([real_parts.redis_server_path(), configuration])
        deadline = time.monotonic() + 20
        while not self._listens():
            assert self._process.poll() is None, self._folder.joinpath("log").read_text()
            assert time.monotonic() < deadline, self._folder.joinpath("log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once; connections to it break."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it answer nothing, while it goes on accepting connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def client(self) -> redis.Redis:
        """Return a client, to look inside."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def _listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self._port)) == 0


@contextmanager
def running() -> Iterator[Server]:
    """Run a Redis until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)
