"""The units of the server of `engine_things`: one made by itself, three from a template."""

from typing import Any, Final

from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.model.results import UnitLook

TEMPLATE: Final = "ingress@.service"
SINGLE: Final = "s.service"
NAMES: Final = (SINGLE, "ingress@1.service", "ingress@2.service", "ingress@3.service")
AT_REST: Final = ("inactive", "failed")


class Unit:
    """One unit, as it really is."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.name = NAMES[slot]
        self.state, self.result, self.job = "inactive", "success", ""
        self.number, self.restarts = 0, 0
        self.entered_at: int | None = None
        self.quiet = False
        self.jobs: dict[str, Delta] = {}
        self.child: tuple[int, int] | None = None
        """Pid of a program that hangs, and since when."""

    @property
    def runs(self) -> bool:
        """Whether a process lives in it."""
        return self.state == "active"

    @property
    def identity(self) -> str:
        """Of the process that lives in it, or did."""
        return f"web1:{100 + self.slot}:{self.number:x}"

    def told(self) -> Delta:
        """As systemd tells of it."""
        fields: dict[str, Any] = {
            "name": self.name, "template": TEMPLATE if self.slot else "", "load_state": "loaded", "state": self.state, "sub_state": "running" if self.runs else self.state, "result": self.result,
            "job": self.job, "running": self.runs, "failed": self.state == "failed", "restarts": self.restarts, "invocation": f"{self.slot}-{self.number}", "file_state": "enabled",
            "restart_policy": "always" if self.slot else "no", "stop_timeout": 15_000 if self.slot == 1 else 40_000, "sidekiq_timeout": 25_000,
        }  # fmt: skip
        if self.entered_at is not None:
            fields["entered_at"] = self.entered_at
        return Delta(Kind.UNIT, self.name, fields)

    def look(self) -> UnitLook:
        """As systemd tells it when it is asked at once."""
        return UnitLook(
            load_state="loaded", state=self.state, sub_state="running" if self.runs else self.state, result=self.result, restarts=self.restarts, job=self.job, file_state="enabled",
            restart_policy="always" if self.slot else "no", invocation=f"{self.slot}-{self.number}", queues=("ingress",) if self.slot else ("push",),
        )  # fmt: skip
