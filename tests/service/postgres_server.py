"""A private PostgreSQL: on a unix socket, where it trusts everybody, and on a port of the loopback, where it wants a password (SCRAM) and can do TLS."""

import asyncio
import os
import pwd
import signal
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.conftest import daemon
from tests.ports import free_port
from tests.service.conftest import Served, _die_with_parent

PASSWORD: Final = "hush-hush"
CERTIFICATE: Final = Path(__file__).parents[1] / "unit" / "receivers" / "self-signed.pem"
"""With its key, and trusted by nobody."""
ROOM: Final = 4
"""So many clients at once, one of them only for a superuser."""


def programs() -> Path:
    """Where this machine has the programs of PostgreSQL."""
    found = daemon("postgres")
    assert found is not None, "the test is marked with needs('postgres')"
    return Path(found).resolve().parent


def _as_whom() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then its own user does."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class PostgresServer:
    """`folder` must be one that the server's user can reach and that holds nothing; `start` returns when it takes clients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._served: Served | None = None

    async def make(self) -> None:
        """Makes its data folder, with the user `watchdog`, who needs a password over the network."""
        if identity := _as_whom():
            os.chown(self.folder, identity["user"], identity["group"])
        certificate = self.folder / "tls.pem"
        certificate.write_bytes(CERTIFICATE.read_bytes())
        certificate.chmod(0o600)
        if identity:
            os.chown(certificate, identity["user"], identity["group"])
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        made = await asyncio.create_subprocess_exec(
            programs() / "initdb", "--pgdata", self.folder / "data", "--username", "watchdog", "--pwfile", password, "--auth-local=trust",
            "--auth-host=scram-sha-256", "--no-sync", "--locale=C", "--encoding=UTF8",
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **_as_whom(),
        )  # fmt: skip
        said, _ = await made.communicate()
        assert made.returncode == 0, said.decode()

    async def start(self) -> None:
        """Starts it, and waits for its socket."""
        log = self.folder / "log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                programs() / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port), "-h", "127.0.0.1", "-F",
                "-c", f"max_connections={ROOM}", "-c", "superuser_reserved_connections=1", "-c", "max_wal_senders=0", "-c", "shared_buffers=1MB",
                "-c", "autovacuum=off", "-c", "ssl=on", "-c", f"ssl_cert_file={self.folder}/tls.pem", "-c", f"ssl_key_file={self.folder}/tls.pem", cwd=self.folder, stdout=output, stderr=output, preexec_fn=_die_with_parent, **_as_whom(),
            )  # fmt: skip
        self._served = Served(process)

    async def stop(self) -> None:
        """Ends it at once; every client is cut off."""
        if self._served is not None:
            self._served.signal(signal.SIGCONT)
            self._served.signal(signal.SIGINT)  # "fast shutdown"
            await self._served.wait_exit()
            self._served = None

    def freeze(self, *, on: bool) -> None:
        """SIGSTOP or SIGCONT for the one that accepts: connections come about, and nobody speaks on them."""
        assert self._served is not None, "it was started"
        self._served.signal(signal.SIGSTOP if on else signal.SIGCONT)
