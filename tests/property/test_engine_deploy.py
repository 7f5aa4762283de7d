"""Whatever happens to server and agent: nobody is ended while somebody deploys, nor for the rule's `deploy` after it."""

from hypothesis import given
from hypothesis import strategies as st

from tests.property.engine_simulation import STEPS, Simulation, Step
from tests.property.test_engine_traces import WARM_UP, random_trace
from tests.scenario.conversation import host
from watchdog.model.effects import Effect, SendSignal
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind

AFTERWARDS = 20_000
"""`deploy` of the simulation's rules, in milliseconds."""
TRACES = st.lists(st.tuples(st.sampled_from((*STEPS, *["deploy"] * 8)), st.integers(0, 5), st.integers(0, 11)), min_size=10, max_size=60)


class Deployed(Simulation):
    """A server on which a command changes the application now and then. `early` are signals that began an action meanwhile, or too soon after."""

    def __init__(self) -> None:
        self.deploying = False
        self.deployed: int | None = None
        self.early: list[str] = []
        super().__init__()

    def _do_deploy(self, _: int, other: int) -> None:
        """It begins, or ends. Only what could be written down is known to a successor, until he is told again."""
        if self.failing:
            return
        if self.deploying and other:
            self.deployed = self.wall
        self.deploying = other == 0
        self.hear(host(Delta(Kind.HOST, "web1", {"deploying": self.deploying, "deploy_command": "rake" if self.deploying else ""})))

    def witness(self, effect: Effect) -> None:
        """As before; and no action begins in a deployment."""
        begun = {run for run, _ in self.signals.values()}
        super().witness(effect)
        just_now = self.deployed is not None and self.wall - self.deployed < AFTERWARDS
        if isinstance(effect, SendSignal) and self.signals[effect.id][0] not in begun and (self.deploying or just_now):
            self.early.append(f"{effect.signal} to {effect.target.identity} at {self.wall}")


@given(TRACES)
def test_nothing_begins_in_a_deployment(steps: list[Step]):
    """Over any order of readings, crashes, reboots and turns that are undone."""
    simulation = Deployed()
    simulation.play(WARM_UP + steps)

    assert (simulation.early, simulation.wrong) == ([], [])


def test_the_traces_are_no_idle_talk():
    """In long ones actions begin before and after a deployment, and many are denied because of one."""
    signals = denied = 0
    for seed in range(12):
        steps = [
            step
            for number, step in enumerate(random_trace(seed, 500))
            for step in (step, ("deploy", 0, number // 20 % 6))[: 1 + (number % 20 == 0)]
        ]
        simulation = Deployed()
        simulation.play(steps)
        signals += len(simulation.signals)
        denied += sum(row.guard == "deploy" for row in simulation.audit("decision"))
        assert (simulation.early, simulation.wrong) == ([], [])

    assert signals > 20
    assert denied > 20
