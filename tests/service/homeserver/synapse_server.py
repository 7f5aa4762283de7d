"""A private Synapse on the loopback, with SQLite and without federation, and people who use it as a client of theirs would."""

import asyncio
import hashlib
import hmac
import itertools
import json
import secrets
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from tests.patience import PATIENCE
from tests.ports import free_port
from tests.suites import synapse

NAME: Final = "watchdog.test"
_SECRET: Final = "registration"
_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
_FREE: Final = {"messages_per_second": 0, "burst_count": 0}
_UNLIMITED: Final = {"per_second": 100_000, "burst_count": 100_000}


class SynapseServer:
    """`start` returns when it answers, within seconds; stopped and started again it is at the same address and knows what it knew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._admin: Person | None = None
        self._write()

    def start(self) -> None:
        """Starts it."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*_WITH_US, synapse.python(), "-m", "synapse.app.homeserver", "--config-path", self.folder / "homeserver.yaml"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
            )  # fmt: skip

    async def answers(self) -> None:
        """Waits until it does."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "output").read_text()
            try:
                async with aiohttp.request("GET", f"{self.url}/_matrix/client/versions"):
                    return
            except aiohttp.ClientError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                await asyncio.sleep(0.05)

    def stop(self) -> None:
        """Ends it; connections are refused from then on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            finally:
                self._process.kill()
                self._process.wait()
                self._process = None

    async def person(self, name: str, *, limited: bool = False) -> "Person":
        """Somebody new, who is logged in; the name is made one that nobody else has. Where `limited`, three events are all that is let through within a hundred seconds; to enter a room is one."""
        person = await self._register(name)
        if not limited:
            await self.let_through(person)
        return person

    async def let_through(self, person: "Person") -> None:
        """No limit holds for them from now on."""
        await call("POST", f"{self.url}/_synapse/admin/v1/users/{person.id}/override_ratelimit", _FREE, token=(await self._boss()).token)

    async def _boss(self) -> "Person":
        if self._admin is None:
            self._admin = await self._register("admin", admin=True)
        return self._admin

    async def _register(self, name: str, *, admin: bool = False) -> "Person":
        name = f"{name}{next(self._numbers)}"
        path = "/_synapse/admin/v1/register"
        nonce = (await call("GET", self.url + path))["nonce"]
        parts = [nonce, name, "password", "admin" if admin else "notadmin"]
        mac = hmac.new(_SECRET.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "password", "admin": admin, "mac": mac}
        answer = await call("POST", self.url + path, body)
        return Person(self, answer["user_id"], answer["access_token"], answer["device_id"])

    def _write(self) -> None:
        log = {
            "version": 1,
            "handlers": {"file": {"class": "logging.FileHandler", "filename": str(self.folder / "log")}},
            "root": {"level": "WARNING", "handlers": ["file"]},
            "disable_existing_loggers": False,
        }
        (self.folder / "log.yaml").write_text(json.dumps(log))
        config = {
            "server_name": NAME,
            "listeners": [{"port": self.port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "db.sqlite")}},
            "log_config": str(self.folder / "log.yaml"),
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": _SECRET,
            "macaroon_secret_key": "macaroon",
            "form_secret": "form",
            "report_stats": False,
            "trusted_key_servers": [],
            "bcrypt_rounds": 4,
            # Messages are limited for whom is not exempt, so slowly that no test is as slow; nothing else is.
            "rc_message": {"per_second": 0.01, "burst_count": 3},
            **dict.fromkeys(("rc_registration", "rc_admin_redaction", "rc_reports", "rc_room_creation"), _UNLIMITED),
            "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _UNLIMITED),
            "rc_joins": dict.fromkeys(("local", "remote"), _UNLIMITED),
            "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _UNLIMITED),
        }
        (self.folder / "homeserver.yaml").write_text(json.dumps(config))
        # What is in a key: its kind, its name, and 32 bytes in base64 without padding.
        (self.folder / "signing.key").write_text("ed25519 a_test bGU2cGJxd2VydHl1aW9wYXNkZmdoamtsenhjdmJubTE\n")


class Person:
    """One user with one client. Rooms and events are meant by their ids."""

    def __init__(self, server: SynapseServer, id_: str, token: str, device: str) -> None:
        self.server = server
        self.id = id_
        self.token = token
        self.device = device

    async def room(self, *invited: "Person", **settings: Any) -> str:
        """Makes a room, and invites them."""
        body = {"preset": "private_chat", "invite": [person.id for person in invited], **settings}
        return (await self._call("POST", "createRoom", body=body))["room_id"]

    async def enter(self, room: str) -> None:
        """Goes in."""
        await self._call("POST", "join", room, body={})

    async def say(self, room: str, text: str, **more: Any) -> str:
        """Writes a message; `more` goes into its content."""
        content = {"msgtype": "m.text", "body": text, **more}
        return (await self._call("PUT", "rooms", room, "send", "m.room.message", secrets.token_hex(8), body=content))["event_id"]

    async def react(self, room: str, event: str, key: str) -> str:
        """Puts a sign to a message."""
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}}
        return (await self._call("PUT", "rooms", room, "send", "m.reaction", secrets.token_hex(8), body=content))["event_id"]

    async def set(self, room: str, kind: str, content: dict[str, Any]) -> None:
        """Changes how the room is."""
        await self._call("PUT", "rooms", room, "state", kind, "", body=content)

    async def remove(self, room: str, person: "Person") -> None:
        """Sends somebody out."""
        await self._call("POST", "rooms", room, "kick", body={"user_id": person.id})

    async def log_out(self) -> None:
        """From now on the token is worth nothing."""
        await self._call("POST", "logout", body={})

    async def messages(self, room: str) -> list[dict[str, Any]]:
        """All messages of the room, the oldest first, as they were sent."""
        kinds = json.dumps({"types": ["m.room.message", "m.room.encrypted"]})
        page = await self._call("GET", "rooms", room, "messages", query={"dir": "f", "limit": "500", "filter": kinds})
        return page["chunk"]

    async def related(self, room: str, event: str, relation: str) -> list[dict[str, Any]]:
        """What the server knows to be related to that event so, the oldest first."""
        page = await call(
            "GET", f"{self.server.url}/_matrix/client/v1/rooms/{quote(room, safe='')}/relations/{quote(event, safe='')}/{relation}?dir=f&limit=500", token=self.token
        )  # fmt: skip
        return page["chunk"]

    async def shown(self, room: str, event: str) -> dict[str, Any]:
        """What a client shows of a message: its content as it was changed last."""
        found = await self._call("GET", "rooms", room, "event", event)
        changes = await self.related(room, event, "m.replace")
        return changes[-1]["content"]["m.new_content"] if changes else found["content"]

    async def _call(
        self, method: str, *path: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        url = f"{self.server.url}/_matrix/client/v3/{'/'.join(quote(part, safe='') for part in path)}"
        return await call(method, url, body, token=self.token, query=query)


async def call(method: str, url: str, body: Any = None, *, token: str = "", query: dict[str, str] | None = None) -> dict[str, Any]:
    """One call that succeeds."""
    from yarl import URL

    headers = {"authorization": f"Bearer {token}"} if token else {}
    at = URL(url, encoded=True)
    async with aiohttp.request(method, at.update_query(query) if query else at, json=body, headers=headers) as response:
        answer = await response.json()
        assert response.status == 200, (method, url, response.status, answer)
        return answer
