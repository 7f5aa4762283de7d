"""`replay`, from a trace in files to exit code and output."""

import json
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from tests.unit.replay.story import STUCK, Story
from watchdog.cli.replayed_rules import known_of
from watchdog.model.records import AuditRow

AGO = 3_600_000


class Left:
    """What an agent has left behind: `config` with its `state`, in which trace and audit log tell of one firing and one denial an hour ago."""

    def __init__(self, config: Path, leave) -> None:
        self.config = config
        self.state = config.parent / "state"
        config.write_text(f"{config.read_text()}host: web1\n")
        (config.parent / "rules.yml").write_text(STUCK.format(elapsed="20s"))
        self.story = Story(known_of(config).rules, wall=time.time_ns() // 1_000_000 - AGO)
        self.story.beats(60)
        self.story.finish()
        self.leave = leave
        self.story.recorded(self.state, anew=(8,))

    def written(self, *rows: AuditRow) -> "Left":
        """With these rows in the audit log; by itself those that the agent wrote."""
        self.leave(*(rows or self.story.rows()))
        return self


@pytest.fixture
def left(config, leave) -> Left:
    """The same, without a database."""
    return Left(config, leave)


@pytest.fixture
def replay(ask, left):
    """Run the command under that config, and give exit code and the object that it says."""

    def run(*arguments: str) -> tuple[int, dict]:
        answer = ask("replay", "-c", str(left.config), "--json", *arguments)
        assert answer.err == ""
        return answer.code, json.loads(answer.out)

    return run


def test_with_the_rules_of_then_it_is_what_was_decided(ask, left, replay):
    """To the row, from the state folder of the config, whichever way that is named; for people the last line is the sum."""
    left.written()

    code, told = replay()
    assert (code, told["exact"], told["remarks"], told["missing"]) == (
        0,
        True,
        [f"recorded by version 0; this is {_version()}, which may decide otherwise"],
        [],
    )
    assert told["checked"] == {"equal": len(left.story.rows()), "different": 0, "uncovered": 0, "unlike": [], "incidents": []}
    assert [(one["rule"], one["deploying"]) for one in told["firings"]] == [("stuck-job", False)]
    assert told["firings"][0]["fired"] < told["firings"][0]["resolved"]
    assert told["rules"]["stuck-job"]["firings"] == 1
    assert replay("--check")[0] == 0
    answer = ask("replay", "--config", "config.yml")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "1 firing, 0 recoveries")
    assert "as it was decided" in answer.out
    assert "none differs" in answer.out


def test_the_json_has_what_its_help_says(replay):
    """Every key is there, whatever was asked for."""
    keys = {
        "exact", "since", "until", "seen_ms", "events", "holes", "missing", "hosts", "versions", "remarks", "rules", "firings", "decisions", "recoveries",
        "left_out", "beside", "checked",
    }  # fmt: skip
    for arguments in ((), ("--rules", "rules.yml"), ("--diff", "rules.yml")):
        _, told = replay(*arguments)
        assert told.keys() == keys
        assert set(told["rules"]["stuck-job"]) == {"firings", "deploying", "recoveries", "denied", "asked"}


def test_a_row_that_was_not_decided_so_is_found(ask, left, replay):
    """`--check` ends with 1 and shows both; without it the account is given all the same."""
    rows = left.story.rows()
    left.written(*rows[:-1], msgspec.structs.replace(rows[-1], reason="somebody else"))

    code, told = replay("--check")
    assert (code, told["checked"]["different"]) == (1, 1)
    (unlike,) = told["checked"]["unlike"]
    assert (unlike["written"]["reason"], unlike["replayed"]["reason"]) == ("somebody else", rows[-1].reason)
    answer = ask("replay", "-c", str(left.config))
    assert answer.code == 0
    assert "1 row different" in answer.out


def test_other_rules_are_laid_beside_what_happened(ask, left, replay, tmp_path):
    """`--rules` in dry-run: what is only in one, and by how much the rest is earlier or later; that is no failure."""
    left.written()
    (tmp_path / "late.yml").write_text(STUCK.format(elapsed="40s"))

    code, told = replay("--rules", "late.yml")

    assert (code, told["exact"], told["beside"]["with"]) == (0, False, "what happened")
    assert [(one["what"], one["by_ms"]) for one in told["beside"]["differences"] if one["of"] == "firing"] == [("later", 20_000)]
    answer = ask("replay", "-c", str(left.config), "--rules", "late.yml")
    assert "20s later" in answer.out
    assert "beside what really happened" in answer.out


def test_two_files_of_rules_differ(ask, left, replay, tmp_path):
    """`--diff` ends with 1 where they do, and with 0 where they say the same, be it in a file of another name."""
    (tmp_path / "late.yml").write_text(STUCK.format(elapsed="40s"))
    shutil.copy(tmp_path / "rules.yml", tmp_path / "same.yml")

    code, told = replay("--diff", "late.yml")
    assert (code, told["beside"]["with"]) == (1, "late.yml")
    assert [(one["what"], one["by_ms"]) for one in told["beside"]["differences"] if one["of"] == "firing"] == [("earlier", 20_000)]
    assert replay("--rules", "rules.yml", "--diff", "same.yml")[0] == 0


def test_rules_that_have_changed_since_are_tried_and_it_is_said(ask, left, replay):
    """The config's rules are not those that decided: they are played in dry-run; to check them would prove nothing."""
    left.written()
    (left.config.parent / "rules.yml").write_text(STUCK.format(elapsed="25s"))

    code, told = replay()

    assert (code, told["exact"], told["checked"]) == (0, False, None)
    assert told["remarks"][0].startswith("these are not the rules that decided then")
    answer = ask("replay", "-c", str(left.config), "--check")
    assert (answer.code, answer.out) == (1, "")
    assert "are not those that decided then" in answer.err


def test_a_copied_trace_is_played_alone(ask, left, tmp_path):
    """Files of a trace in a folder of their own, of another host: it is said whose they are, and there is nothing to lay them beside."""
    left.written()
    shutil.copytree(left.state / "trace", tmp_path / "copied")

    answer = ask("replay", "copied", "--rules", "rules.yml", "--json")
    told = json.loads(answer.out)

    assert (answer.code, told["beside"], told["hosts"]) == (0, None, ["web1"])
    assert told["remarks"][0] == "recorded on web1"
    assert ask("replay", str(left.state / "trace"), "--rules", "rules.yml").code == 0
    answer = ask("replay", "copied", "-c", str(left.config), "--check")
    assert (answer.code, answer.out) == (3, "")
    assert "there is no database in copied" in answer.err


def test_a_range_counts_what_fired_in_it(replay, left):
    """What fired before it began is none of its firings, and what came after it neither."""
    start = left.story.booted_wall

    assert [len(replay("--since", _moment(start + since), "--until", _moment(start + until))[1]["firings"]) for since, until in ((0, 20_000), (20_000, 40_000), (40_000, 59_000))] == [0, 1, 0]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--since", "2099-01-01T00:00:00Z"), 2, "still to come"),
        (("--since", "2020-01-01T00:00:00"), 2, "no time zone"),
        (("--since", "soon"), 2, "--since"),
        (("--until", "2h", "--since", "1h"), 2, "--until is not after --since"),
        (("--until", "yesterday"), 2, "--until"),
        (("--since", "1m"), 3, "nothing was recorded in"),
        (("--check", "--rules", "rules.yml"), 2, "goes without --rules and --diff"),
        (("--rules", "nowhere.yml"), 2, "nowhere.yml"),
        (("--rules", "broken.yml"), 2, "broken.yml:3:11: E404"),
        (("--diff", "broken.yml"), 2, "broken.yml:3:11: E404"),
        (("nowhere",), 2, "is no folder"),
        (("empty",), 3, "nothing was recorded in empty"),
        (("damaged",), 3, "nothing of the trace in damaged can be played"),
    ],
)
def test_what_can_not_be_played_is_said_in_a_sentence(ask, left, tmp_path, arguments, code, said):
    """Wrong times, wrong files, nothing there, damage: one line on standard error, and the exit code that says whose fault it is."""
    (tmp_path / "broken.yml").write_text("rules:\n  - rule: x\n    each: nonsense\n    when: true\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "00000001.trace").write_bytes(b"no trace\n")

    answer = ask("replay", "-c", str(left.config), *arguments)

    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_a_hole_is_shown(ask, left, replay):
    """Its file, why, since when and until when."""
    first, _ = sorted((left.state / "trace").iterdir())
    data = first.read_bytes()
    first.write_bytes(data[:-20] + b"x" * 20)

    _, told = replay()

    assert told["holes"] == 1
    assert told["missing"][0]["file"] in {first.name, "00000002.trace"}
    assert "missing " in ask("replay", "-c", str(left.config)).out


def _moment(wall: int) -> str:
    from watchdog.store.moments import rfc3339

    return rfc3339(wall)


def _version() -> str:
    from watchdog import __version__

    return __version__
