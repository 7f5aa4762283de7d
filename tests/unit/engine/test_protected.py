"""The protected guard: what is never touched, by which of its names."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, found, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.guards.protected import protected
from watchdog.engine.reaching import find_target
from watchdog.model.events import Observed
from watchdog.model.kinds import Source
from watchdog.model.targets import ChildRef, TargetKind
from watchdog.model.verdicts import Answer, Verdict

UNIT = "mastodon-sidekiq@scheduler.service"


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        ("mastodon-sidekiq@scheduler.service", Answer.DENY),
        ("mastodon-sidekiq@scheduler", Answer.DENY),
        ("mastodon-sidekiq@*", Answer.DENY),
        (f"web1/{UNIT}", Answer.DENY),
        ("web1/mastodon-sidekiq@scheduler", Answer.DENY),
        ("web1/*", Answer.DENY),
        ("app", Answer.DENY),
        (ONE, Answer.DENY),
        ("web1:10:*", Answer.DENY),
        ("web2/*", Answer.PASS),
        ("mastodon-sidekiq", Answer.PASS),
        ("Mastodon*", Answer.PASS),
        ("ap", Answer.PASS),
    ],
)
def test_by_which_names(view, pattern, answer):
    """By its unit with and without ending, with and without host, by its tag and by its identity, each as a whole."""
    world = picture(process(ONE, AT))
    world.take(Observed(Source.HOST, (found(ONE, unit=UNIT),)), AT)
    target = find_target(world, ONE)
    verdict = protected(view(target=target.name, ref=target.ref, settings={"protected": ("nobody", pattern)}))

    assert verdict.answer is answer
    if answer is Answer.DENY:
        assert verdict.reason == f"web1/{UNIT} is on the list of what is never touched: {pattern}"


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        ("mastodon-sidekiq@scheduler", Answer.DENY),
        (f"web1/{UNIT}", Answer.DENY),
        ("app", Answer.DENY),
        (ONE, Answer.DENY),
        (f"web1/{UNIT} child ffmpeg", Answer.DENY),
        ("* child ffmpeg", Answer.DENY),
        ("ffmpeg", Answer.PASS),
        ("mastodon-sidekiq@push", Answer.PASS),
    ],
)
def test_a_child_of_what_is_protected(view, pattern, answer):
    """What stands for a process stands for what it has started; and a program can be named by itself."""
    world = picture(process(ONE, AT))
    world.take(Observed(Source.HOST, (found(ONE, unit=UNIT),)), AT)
    ref = find_target(world, ONE).ref
    assert ref is not None
    child = ChildRef(f"{ref.name} child ffmpeg", ref, 90, 6_000, "ffmpeg")
    verdict = protected(
        view(target=child.name, process="", ref=None, about=TargetKind.CHILD, thing=child, settings={"protected": (pattern,)})
    )

    assert verdict.answer is answer


def test_what_can_t_be_reached_is_known_by_its_name(view):
    """A process of another host, of which the kernel says nothing here."""
    assert protected(view(ref=None, settings={"protected": ("web1/app*",)})).answer is Answer.DENY


def test_what_keeps_host_and_agent_alive(view):
    """Whatever the lists say: the look has found init, a kernel thread, or this very agent."""
    look = msgspec.structs.replace(HEALTHY, untouchable="pid 1 is never signalled")

    assert protected(view(look=look)) == Verdict("protected", Answer.DENY, "pid 1 is never signalled")
    assert protected(view(look=None)).answer is Answer.PASS
