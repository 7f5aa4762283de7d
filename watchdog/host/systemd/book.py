"""
What is known of each unit, and what of that has been told.

It asks nobody: whoever reads systemd puts in what was read, and takes out what is new. A unit that systemd no longer holds stays, with how it ended,
for as long as it has a file.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from watchdog.host.news import news
from watchdog.host.systemd.choice import Choice
from watchdog.host.systemd.readings import WANTED, job_of, put_away, readings, start_of
from watchdog.host.systemd.stop_time import Start
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind


class Unit(msgspec.Struct):
    """
    One unit.

    `said` is what systemd said by itself since a question that has not been answered yet; `job` is the last job that was looked at:
    its number and what it does; `timed` for which start `sidekiq_timeout` (milliseconds) was read.
    """

    properties: dict[str, Any] = {}
    said: dict[str, Any] = {}
    job: tuple[int, str] = (0, "")
    timed: tuple[Start | None, Any] | None = None
    sidekiq_timeout: int | None = None
    told: dict[str, Any] = {}


class Book:
    """All of them by name. `counts` says whether Redis can be read, without which nobody knows how many processes there are."""

    def __init__(self, choice: Choice) -> None:
        self.units: dict[str, Unit] = {}
        self.counts = False
        self._choice = choice

    def unit(self, name: str) -> Unit:
        """The one of that name, which is known from now on."""
        return self.units.setdefault(name, Unit())

    def ask(self, name: str) -> None:
        """It is about to be read in full."""
        self.unit(name).said = {}

    def take(self, name: str, properties: Mapping[str, Any]) -> None:
        """
        It was read in full, after `ask`.

        What systemd said by itself meanwhile stands: where the answer is the newer of the two, systemd is about to say that, too.
        """
        unit = self.unit(name)
        unit.properties = {key: value for key, value in {**properties, **unit.said}.items() if key in WANTED}

    def change(self, name: str, properties: Mapping[str, Any]) -> None:
        """Some of it is this now, as systemd said by itself."""
        unit = self.unit(name)
        unit.said.update(properties)
        unit.properties.update((key, value) for key, value in properties.items() if key in WANTED)

    def put_away(self, name: str, file_state: str) -> None:
        """It is no longer held by systemd."""
        unit = self.unit(name)
        unit.properties = {**put_away(unit.properties), "UnitFileState": file_state}

    def untimed(self, name: str) -> Start | None:
        """What it starts, where it has not been read yet how long Sidekiq waits in this run of it."""
        unit = self.unit(name)
        start = start_of(unit.properties)
        # Sidekiq reads its file when it is started, so what it holds later counts only for the next run.
        run = (start, unit.properties.get("InvocationID"))
        if run == unit.timed:
            return None
        unit.timed = run
        if start is None:
            unit.sidekiq_timeout = None
        return start

    def news(self, name: str) -> Delta | None:
        """What has not been told of it yet; None where that is nothing."""
        unit = self.unit(name)
        now = readings(name, unit.properties)
        now["sidekiq_timeout"] = unit.sidekiq_timeout
        now["processes"] = self._choice.processes_in(name) if self.counts else None
        number, _ = job_of(unit.properties)
        if number == 0 or number == unit.job[0]:
            # Of a job that has only just been queued nobody has said yet what it does.
            now["job"] = unit.job[1] if number else ""
        new = news(unit.told, now)
        unit.told = unit.told | new
        return Delta(Kind.UNIT, name, new) if new else None

    def drop(self, name: str, reason: str) -> Gone | None:
        """It is no longer there; None where nobody was ever told that it was."""
        unit = self.units.pop(name, None)
        return Gone(Kind.UNIT, name, reason) if unit is not None and unit.told else None
