"""The guard `coverage`: each queue keeps its share of working threads elsewhere."""

import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, ONE, picture
from tests.unit.engine.test_guards import alerts_on
from watchdog.engine.guards.coverage import coverage
from watchdog.engine.holding import held_threads
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.model.verdicts import Answer, Verdict

TWO = "web1:11:def"


def jobs(identity: str, count: int) -> tuple[Delta, ...]:
    """So many jobs, each in a thread of its own."""
    return tuple(job(identity, f"j{number}", 1_000, thread=f"t{number}") for number in range(count))


def covered(
    view, *others: Delta, threads: int = 4, held: int = 0, keep: float = 0.5, alone: str = "when_half_held", elsewhere_held: int = 0, **own
):
    """The coverage guard's answer for a target with these others beside it."""
    mine, theirs = jobs(ONE, held), jobs(TWO, elsewhere_held)
    world = picture(process(ONE, AT - 5_000, threads=threads, **own), *others, *mine, *theirs)
    return coverage(
        view(world=world, held=held_threads(world, alerts_on(*mine, *theirs).values()), settings={"keep": keep, "alone": alone})
    )


BESIDE = process(TWO, AT - 5_000, threads=4)


@pytest.mark.parametrize(
    ("case", "answer", "words"),
    [
        ({"others": (BESIDE,)}, Answer.PASS, ""),
        ({"others": (BESIDE,), "keep": 0.51}, Answer.DENY, "queue push would keep 4 of 8 working threads, less than 51%"),
        ({"others": (BESIDE,), "keep": 0.6, "held": 2}, Answer.PASS, ""),
        ({"others": (BESIDE,), "elsewhere_held": 2}, Answer.DENY, "queue push would keep 2 of 6 working threads, less than 50%"),
        ({"others": (BESIDE,), "elsewhere_held": 4}, Answer.DENY, "queue push would keep 0 of 4 working threads, less than 50%"),
        ({"others": (process(TWO, AT, threads=4, quiet=True),), "held": 1}, Answer.DENY, "it is the only process of queue push, and only 1 of its 4 threads is held"),
        ({"others": (process(TWO, AT - 60_000, threads=4),)}, Answer.DENY, "it is the only process of queue push, and only 0 of its 4 threads are held"),
        ({"others": (process(TWO, AT, threads=4, alive=False),)}, Answer.DENY, "it is the only process of queue push, and only 0 of its 4 threads are held"),
        ({"others": (process(TWO, AT, queues=("pull",)),)}, Answer.DENY, "it is the only process of queue push, and only 0 of its 4 threads are held"),
        ({"others": (), "held": 2}, Answer.PASS, ""),
        ({"others": (), "held": 1}, Answer.DENY, "it is the only process of queue push, and only 1 of its 4 threads is held"),
        ({"others": (), "alone": "allow"}, Answer.PASS, ""),
        ({"others": (), "alone": "ask", "held": 4}, Answer.ASK, "it is the only process of queue push"),
        ({"others": (), "keep": 0.0, "alone": "ask"}, Answer.PASS, ""),
        ({"others": (BESIDE,), "queues": ("push", "mail")}, Answer.DENY, "it is the only process of queue mail, and only 0 of its 4 threads are held"),
    ],
)  # fmt: skip
def test_coverage(view, case, answer, words):
    """Each queue of the target must keep its share of working threads elsewhere: held, quiet, silent and dead ones do not count."""
    others = case.pop("others")
    verdict = covered(view, *others, **case)

    assert (verdict.answer, verdict.reason) == (answer, words)


@pytest.mark.parametrize("slot", ["queues", "threads"])
def test_coverage_of_what_is_not_known(view, slot):
    """A target whose queues or threads are not known is not ended."""
    world = picture(process(ONE, AT), Delta(Kind.PROCESS, ONE, {slot: None}))

    assert coverage(view(world=world)) == Verdict("coverage", Answer.DENY, "its queues and threads are not known")


def test_coverage_of_a_frozen_target(view):
    """Of one that is proven to be frozen no thread works, whatever holds them: also the only process of a queue may be ended."""
    world = picture(process(ONE, AT - 60_000, threads=4))
    assert coverage(view(world=world)).answer is Answer.DENY
    assert coverage(view(world=world, interrupts=False)).answer is Answer.PASS


def test_coverage_of_a_silent_target(view):
    """A target that has not beaten for a minute does no work: others keep all there is."""
    verdict = coverage(view(world=picture(process(ONE, AT - 60_000, threads=50), process(TWO, AT, threads=1))))

    assert verdict.answer is Answer.PASS
