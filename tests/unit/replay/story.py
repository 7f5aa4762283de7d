"""A conversation that is recorded: one process, its beats and its jobs, and a trace of it."""

from collections.abc import Collection
from pathlib import Path

from tests.property.engine_trace import write_trace
from tests.scenario.conversation import WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.model.effects import Audit
from watchdog.model.events import Body, Gone
from watchdog.model.events import encode as encode_event
from watchdog.model.kinds import Kind
from watchdog.model.records import AuditRow

ONE = "web1:10:abc"
TWO = "web1:20:abc"
STUCK = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > {elapsed}
    then: [{{terminate_process: {{process: job.process, grace: 10s}}}}]
    guards: {{keep: 0%, cooldown: 1m}}
"""
TWENTY = rules(STUCK.format(elapsed="20s"))
HOUR = rules(STUCK.format(elapsed="1h"))


class Story(Conversation):
    """Two processes of the host that beat each 10 s, the first with a job since the beginning; `log` is what the agent was told."""

    def __init__(self, ruleset: RuleSet, *, wall: int = WALL) -> None:
        self.log: list[tuple[str, RuleSet, bytes]] = []
        super().__init__(ruleset, started=False)
        self.booted_wall = wall
        self.start()
        self.stuck = job(ONE, "j1", 0)
        self.everything()

    def everything(self) -> None:
        """A complete reading."""
        self.hear(redis(*self._whole(), complete=True))
        self.hear(host(found(ONE, unit="one.service"), found(TWO, unit="two.service")))

    def beats(self, seconds: int) -> None:
        """Both beat for so long, and the engine's own times come in between."""
        until = self.at + seconds * 1000
        while self.at < until:
            self.wait(min(self.at + 10_000, until))
            self.hear(redis(*self._whole()))

    def finish(self) -> None:
        """The job is done."""
        self.hear(redis(Gone(Kind.JOB, self.stuck.id, "finished")))

    def crash(self, *, lose_world: bool = True) -> list[str]:
        """The agent is killed and started again."""
        self.log.append(("crash", NO_RULES, b""))
        return super().crash(lose_world=lose_world)

    def recorded(self, folder: Path, *, anew: Collection[int] = ()) -> Path:
        """The trace of it, with a new file after the turns with these numbers; the folder."""
        write_trace(self.log, folder, anew=anew)
        return folder

    def rows(self) -> list[AuditRow]:
        """The audit rows that it gave."""
        return [effect.row for effect in self.effects if isinstance(effect, Audit)]

    def _whole(self) -> list:
        return [process(ONE, self.at, busy=1), process(TWO, self.at), self.stuck]

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        lines = super()._take(body, ruleset)
        self.log.append(("turn", ruleset, encode_event(self.events[-1][1])))
        return lines
