"""`run` and `demo`: what reaches the agent, and what its refusals become. The agent itself is a stand-in."""

import errno
import logging
from pathlib import Path

import pytest

from watchdog import daemon
from watchdog import demo as demo_package
from watchdog.daemon import ModeAboveConfigError
from watchdog.errors import Problem, ProblemsError, Span, WatchdogError
from watchdog.model.verdicts import Mode
from watchdog.store.failures import StateInUseError


@pytest.fixture
def agent(monkeypatch):
    """Stand in for the agent; `agent.raises` is what it will not do, `agent.got` what it was called with."""

    class Agent:
        raises: BaseException | None = None
        got: tuple = ()

        async def run(self, path, *, mode=None):
            self.got = (path, mode)
            if self.raises is not None:
                raise self.raises
            return 0

    agent = Agent()
    monkeypatch.setattr(daemon, "run_agent", agent.run)
    monkeypatch.setattr("watchdog.cli.run.begin_logging", lambda level, _: logging.getLogger("test").debug("level %s", level))
    return agent


def test_config_and_mode_reach_the_agent(ask, agent, tmp_path):
    """And its exit code is the command's."""
    assert ask("run", "--config", "my.yml", "--mode", "dry-run") == (0, "", "")
    path, mode = agent.got
    assert (str(path), mode) == ("my.yml", Mode.DRY_RUN)


def test_without_options_the_config_of_the_machine_is_used(ask, agent):
    """As the unit starts it; the mode is that of the config."""
    ask("run")
    path, mode = agent.got
    assert (str(path), mode) == ("/etc/sidekiq-watchdog/config.yml", None)


def test_all_problems_of_a_config_are_printed(ask, agent):
    """One line each on standard error, and exit code 2."""
    problems = (Problem("E120", Span("c.yml", 1, 2), "unknown key", "look"), Problem("E203", Span("r.yml", 3, 4), "unknown field"))
    agent.raises = ProblemsError(problems)
    assert ask("run") == (2, "", "c.yml:1:2: E120 unknown key   hint: look\nr.yml:3:4: E203 unknown field\n")


@pytest.mark.parametrize(
    "refusal", [ModeAboveConfigError("--mode act is above dry-run"), StateInUseError(Path("state"), 7), WatchdogError("no such \x1b thing")]
)
def test_a_refusal_is_one_clear_line(ask, agent, refusal):
    """No traceback; exit code 2, since the command line or the config has to change."""
    agent.raises = refusal
    answer = ask("run")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("sidekiq-watchdog: ")
    assert answer.err.count("\n") == 1
    assert "\x1b" not in answer.err


@pytest.mark.parametrize("mistake", [ZeroDivisionError("oops"), OSError(errno.ENOSPC, "no space left")])
def test_a_mistake_of_the_program_is_not_hidden(agent, ask, mistake):
    """Anything else goes up with its traceback, so that it is seen and systemd starts the agent again."""
    agent.raises = mistake
    with pytest.raises(type(mistake)):
        ask("run")


def test_a_broken_socket_is_not_taken_for_a_reader_that_left(agent, ask, monkeypatch):
    """A broken pipe that is not standard output's is a mistake like any other."""
    monkeypatch.setattr("watchdog.cli.command.reader_left", lambda: False)
    agent.raises = BrokenPipeError(errno.EPIPE, "a socket")
    with pytest.raises(RuntimeError, match="pipe or socket"):
        ask("run")


@pytest.mark.parametrize("options", [["--mode", "kill"], ["--log-level", "loud"], ["--nonsense"], ["extra"]])
def test_a_wrong_option_is_a_usage_error(ask, agent, options):
    """Nothing is started; exit code 2 and a hint on standard error."""
    answer = ask("run", *options)
    assert (answer.code, answer.out, agent.got) == (2, "", ())
    assert "Usage: sidekiq-watchdog run" in answer.err


@pytest.mark.parametrize("code", [0, 1, 130])
@pytest.mark.parametrize("serve", [False, True])
def test_the_demo_ends_as_it_went(ask, monkeypatch, code, serve):
    """Its exit code is the command's; with a page it does not end by itself."""
    asked = []

    async def run_demo(*, serve):
        asked.append(serve)
        return code

    monkeypatch.setattr(demo_package, "run_demo", run_demo)
    assert ask("demo", *(["--serve"] if serve else [])).code == code
    assert asked == [serve]
