"""Every type of check that a config can declare, with its settings: one table. The code that tries them is keyed to it (`checks/`)."""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec


class CheckSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One type of check, as it is named under `type:` in the config; every type has the settings of `EVERY_CHECK` besides."""

    type: str
    doc: str
    settings: tuple[ParameterSpec, ...]

    @property
    def all_settings(self) -> tuple[ParameterSpec, ...]:
        """Its own settings, then those that every check has."""
        return (*self.settings, *EVERY_CHECK)


EVERY_CHECK: Final[tuple[ParameterSpec, ...]] = (
    ParameterSpec(name="every", form=Form.DURATION, default="10s", doc="From one try to the next; at least 1s.", example="every: 10s"),
    ParameterSpec(
        name="timeout",
        form=Form.DURATION,
        default="5s",
        doc="How long one try may take, from 100ms to 1m; then it has failed.",
        example="timeout: 5s",
    ),
)

CHECKS: Final[tuple[CheckSpec, ...]] = (
    CheckSpec(
        type="postgres",
        doc="Logs in to PostgreSQL and asks `SELECT 1`, which a server with too many clients refuses and one that is starting up, too. Needs `pip install asyncpg`.",
        settings=(
            ParameterSpec(
                name="host",
                form=Form.TEXT,
                default="/var/run/postgresql",
                doc="A host, or the folder of the server's unix socket.",
                example="host: 10.0.0.5",
            ),
            ParameterSpec(
                name="port", form=Form.COUNT, default="5432", doc="Its port; part of the socket's name, too.", example="port: 6432"
            ),
            ParameterSpec(
                name="database", form=Form.TEXT, required=True, doc="The database to log in to.", example="database: mastodon_production"
            ),
            ParameterSpec(
                name="user", form=Form.TEXT, required=True, doc="The user who logs in; needs no right but that.", example="user: watchdog"
            ),
            ParameterSpec(
                name="password",
                form=Form.SECRET,
                doc="Its password; without one the server must let it in as `trust` or `peer`.",
                example='password: "${file:postgres.password}"',
            ),
            ParameterSpec(
                name="tls",
                form=Form.CHOICE,
                choices=("prefer", "require", "verify"),
                default="prefer",
                doc="Over the network: TLS where the server has it, TLS or nothing, or TLS with a certificate that this machine trusts.",
                example="tls: verify",
            ),
        ),
    ),
    CheckSpec(
        type="http",
        doc="A GET that must be answered in time. Redirects are not followed; of the body nothing is read.",
        settings=(
            ParameterSpec(name="url", form=Form.URL, required=True, doc="What to ask for.", example="url: http://127.0.0.1:3000/health"),
            ParameterSpec(
                name="status",
                form=Form.COUNT,
                doc="The status that the answer must have; without it any from 200 to 299.",
                example="status: 200",
            ),
        ),
    ),
    CheckSpec(
        type="tcp",
        doc="A connection that must come about. That says little: a server that is of no use to anybody can still accept.",
        settings=(
            ParameterSpec(
                name="address",
                form=Form.TEXT,
                required=True,
                doc="`HOST:PORT`, or `[ADDRESS]:PORT` for IPv6.",
                example='address: "127.0.0.1:9200"',
            ),
        ),
    ),
    CheckSpec(
        type="command",
        doc="A program that must end with 0 in time. It is run without a shell, with nothing in its environment but PATH and LANG; its file and the folders above it must belong to root and be writable by nobody else, or it is not run. The first line that it writes is shown.",
        settings=(
            ParameterSpec(
                name="command",
                form=Form.TEXT,
                required=True,
                doc="The whole path and the arguments, with quotes where an argument holds blanks.",
                example='command: "/usr/lib/nagios/plugins/check_disk -w 10%"',
            ),
            ParameterSpec(
                name="user",
                form=Form.TEXT,
                doc="Who runs it, by name; another than the agent's own user takes root. Without it the agent's own.",
                example="user: nobody",
            ),
        ),
    ),
)

BY_TYPE: Final[dict[str, CheckSpec]] = {spec.type: spec for spec in CHECKS}
"""Type → spec."""
