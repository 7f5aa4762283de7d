"""
`type: postgres`: a real login and `SELECT 1`.

Why not a mere connection: a server that has no room for another client accepts it all the same, and so does one that is starting up. asyncpg speaks the protocol with
all its ways to log in (SCRAM, MD5, peer, trust, TLS); a client of our own would be one more thing to be wrong at night.
"""

import ssl
from typing import Any, Final

import msgspec

from watchdog.checks.attempt import CheckFailedError, Room, fit
from watchdog.checks.tcp import plainly

SECONDS_TO_PART: Final = 1.0
"""For the farewell, so that the server's log has no line about a client that broke off."""

# Every user may count the sessions, if not see what they do; our own is over in a moment.
ROOM: Final = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
  (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS used
"""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where and as whom; `host` can be the folder of a unix socket, `password` is empty where none is needed, `tls` as in the config."""

    host: str
    port: int
    database: str
    user: str
    password: str = ""
    tls: str = "prefer"

    def __repr__(self) -> str:
        return f"Server({self.host!r}, {self.port}, {self.database!r}, {self.user!r})"


class Postgres:
    """Logs in to one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def __call__(self) -> Room | None:
        """Logs in, asks and leaves, with what room there is; raises `CheckFailedError` with the server's own words."""
        import asyncpg  # an extra, and late: its memory is for those who declare such a check

        server = self._server
        try:
            connection = await asyncpg.connect(
                host=server.host,
                port=server.port,
                database=server.database,
                user=server.user,
                # Never None: it would look for a password in the environment and in the home of whoever runs the agent.
                password=server.password,
                ssl=_tls(server),
                # Its own limit would hide ours behind another error; the scheduler has one for the whole try.
                timeout=None,
                # A pooler in between gives each query another connection.
                statement_cache_size=0,
                server_settings={"application_name": "sidekiq-watchdog"},
            )
            try:
                await connection.execute("SELECT 1")
                room = await _room(connection)
                await connection.close(timeout=SECONDS_TO_PART)
            finally:
                connection.terminate()
            return room
        except asyncpg.PostgresError as error:
            raise CheckFailedError(fit(f"the server says: {error}")) from None
        except ssl.SSLError as error:
            raise CheckFailedError(f"no TLS connection came about ({error.reason or type(error).__name__})") from None
        except OSError as error:
            raise CheckFailedError(f"no connection to {server.host} port {server.port}: {plainly(error)}") from None
        except (asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError) as error:
            raise CheckFailedError(fit(str(error)) or type(error).__name__) from None


async def _room(connection: Any) -> Room | None:
    """None where the server does not say, which is no failure: something else may answer in its place, and the login came about."""
    import asyncpg

    try:
        row = await connection.fetchrow(ROOM)
    except asyncpg.PostgresError:
        return None
    if row is None or not isinstance(row["most"], int) or not isinstance(row["used"], int):
        return None
    return Room(max(0, row["most"] - row["used"]), max(0, row["most"]))


def _tls(server: Server) -> str | bool | ssl.SSLContext:
    if server.host.startswith("/"):
        return False
    return ssl.create_default_context() if server.tls == "verify" else server.tls
