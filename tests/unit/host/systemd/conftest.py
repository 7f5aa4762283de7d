"""
A systemd that answers when it is told to.

It stands for the connection, because a real one can't be made to say something between a question and its answer. It is strict: it knows the calls
that are made and no others, and tells only those who have subscribed and asked for the signal.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from watchdog.host.systemd import session
from watchdog.host.systemd.bus import Heard
from watchdog.host.systemd.failures import CallError, SystemdUnavailableError
from watchdog.host.systemd.names import path_of

MANAGER = "org.freedesktop.systemd1.Manager"


class FakeSystemd:
    """`units` are those that it holds, with their properties; `files` unit files with their states."""

    def __init__(self) -> None:
        self.units: dict[str, dict[str, Any]] = {}
        self.files: dict[str, str] = {}
        self.calls: list[str] = []
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.refusals: dict[str, str] = {}
        self.connections = 0
        self.subscribed = False
        self.ended = asyncio.Event()
        self.where = "/bus"
        self._rules: set[str] = set()
        self._hear: Callable[[Heard], None] = lambda _: None

    async def connect(self, where: str, hear: Callable[[Heard], None]) -> "FakeSystemd":
        """A connection; those before are gone."""
        if (code := self.refusals.get("connect")) is not None:
            raise SystemdUnavailableError(code, where)
        self.connections += 1
        self.where, self._hear, self.subscribed = where, hear, False
        self._rules.clear()
        self.ended.clear()
        return self

    async def call(self, path: str, interface: str, member: str, signature: str = "", *body: Any, to: str = "") -> list[Any]:
        """What was the answer when it was asked; before it comes, what was meant to happen meanwhile happens."""
        if self.ended.is_set():
            raise SystemdUnavailableError("reset", self.where)
        self.calls.append(member)
        try:
            answer = self._answer(path, member, body)
        finally:
            self.meanwhile.pop(member, lambda: None)()
            await asyncio.sleep(0)
        return answer

    async def expect(self, path: str, interface: str, member: str, signature: str = "", *body: Any, to: str = "") -> list[Any]:
        """As the real one."""
        try:
            return await self.call(path, interface, member, signature, *body, to=to)
        except CallError as error:
            raise SystemdUnavailableError("denied", self.where) from error

    def _answer(self, path: str, member: str, body: tuple[Any, ...]) -> list[Any]:
        if (name := self.refusals.get(member)) is not None:
            raise CallError(name, "no")
        match member, body:
            case "Subscribe", ():
                self.subscribed = True
                return []
            case "ListUnitsByPatterns", ([], [*_]):
                return [[(name, "", "", "", "", "", path_of(name), 0, "", "/") for name in self.units]]
            case "ListUnitFilesByPatterns", ([], [*_]):
                return [[(f"/etc/systemd/system/{name}", state) for name, state in self.files.items()]]
            case "GetUnit", (name,):
                if name not in self.units:
                    raise CallError("org.freedesktop.systemd1.NoSuchUnit", f"Unit {name} not loaded.")
                return [path_of(name)]
            case "GetUnitFileState", (name,):
                if name not in self.files:
                    raise CallError("org.freedesktop.DBus.Error.FileNotFound", "No such file or directory")
                return [self.files[name]]
            case "GetAll", (_,):
                return [dict(next(properties for name, properties in self.units.items() if path_of(name) == path))]
            case "Get", (_, "JobType"):
                return ["stop"]
            case _:
                raise AssertionError((path, member, body))

    async def listen(self, rule: str) -> None:
        """As the real one."""
        self._rules.add(rule)

    async def ignore(self, rule: str) -> None:
        """As the real one."""
        self._rules.remove(rule)

    def close(self) -> None:
        """As the real one."""
        self.ended.set()

    def say(self, member: str, *body: Any) -> None:
        """A signal of the manager."""
        assert any(f"member='{member}'" in rule for rule in self._rules), member
        if self.subscribed or member == "NameOwnerChanged":
            self._hear(Heard("/org/freedesktop/systemd1", MANAGER, member, list(body)))

    def change(self, name: str, **properties: Any) -> None:
        """Properties of a unit change, and whoever listens to it hears so."""
        self.units[name].update(properties)
        if self.subscribed and any(path_of(name) + "'" in rule for rule in self._rules):
            self._hear(Heard(path_of(name), "", "PropertiesChanged", ["", dict(properties), ["ExecStart"]]))

    def load(self, name: str, **properties: Any) -> None:
        """It is held from now on."""
        self.units[name] = properties
        self.say("UnitNew", name, path_of(name))

    def unload(self, name: str) -> None:
        """It is no longer held; whoever asks for it makes it begin anew."""
        self.units[name] = {"ActiveState": "inactive", "SubState": "dead"}
        self.say("UnitRemoved", name, path_of(name))


@pytest.fixture
def systemd(monkeypatch) -> FakeSystemd:
    """One that a session connects to."""
    fake = FakeSystemd()
    monkeypatch.setattr(session, "Bus", fake)
    return fake
