"""What `make trial` and `make bench` do with what they find."""

import io
import re

import orjson
import pytest
from rich.console import Console

from tests.bench.__main__ import FOLDER, MINUTES, left
from tests.bench.__main__ import chosen as chosen_benches
from tests.bench.rows import Row
from tests.trial import __main__ as runner
from tests.trial import cases
from tests.trial.cases import Case


class Trials:
    """Trials without child processes: each case of `trial_x` ends as its name says; `ran` says which were run at all."""

    def __init__(self, folder, monkeypatch) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.sums: list[cases.Row] = []
        self.output = io.StringIO()
        self.console = Console(file=self.output, width=100)
        monkeypatch.setattr(runner, "start", self.start)
        monkeypatch.setattr(runner, "summed", lambda _trial, _rows: self.sums)

    async def start(self, case: Case, answer, limit: float) -> cases.Row:
        self.ran.append(case.name)
        answer.write_bytes(orjson.dumps({"case": case.name, "ok": case.name != "bad"}))
        return runner._read(answer)

    async def run(self, *names: str) -> dict[str, bool]:
        rows = await runner.run_all([Case("trial_x", name) for name in names], folder=self.folder, jobs=2, limit=1, console=self.console)
        runner.show(rows, self.console)
        return {case.name: row["ok"] for case, row in rows.items()}


@pytest.fixture
def trials(tmp_path, monkeypatch):
    """Trials that take no time."""
    return Trials(tmp_path, monkeypatch)


async def test_a_case_that_passed_is_not_run_again_and_one_that_failed_is(trials):
    """An interrupted run goes on where it was: passed cases are only read, failed ones get another try."""
    assert await trials.run("good", "bad") == {"good": True, "bad": False}
    assert await trials.run("good", "bad", "new") == {"good": True, "bad": False, "new": True}
    assert sorted(trials.ran) == ["bad", "bad", "good", "new"]


async def test_what_was_found_so_far_is_shown_without_running_anything(trials):
    """Passed and failed ones, not those that have not been run yet."""
    await trials.run("good", "bad")
    ran = list(trials.ran)
    found = runner.so_far([Case("trial_x", name) for name in ("good", "bad", "new")], trials.folder)

    assert {case.name: row["ok"] for case, row in found.items()} == {"good": True, "bad": False}
    assert trials.ran == ran


async def test_the_table_says_how_many_passed(trials):
    """Each trial file has a table under a title with the count; names of cases are text, brackets included."""
    await trials.run("good", "bad", "a case with a longer name", "[odd]")
    text = trials.output.getvalue()
    assert "trial_x: 3 of 4 ok" in text
    assert re.search(r"│ \[odd\] +│ True", text)


async def test_what_the_rows_come_to_is_a_table_of_its_own(trials):
    """A trial that says how its rows are summed up has a second table; another has none."""
    await trials.run("good")
    assert "all in all" not in trials.output.getvalue()
    trials.sums = [{"kills": 12}]
    await trials.run("good")
    assert re.search(r"trial_x: all in all\n.*kills.*│ 12 ", trials.output.getvalue(), re.DOTALL)


def test_conservation_is_summed_up_by_way_wedge_and_version():
    """One row a cell, with all that was lost in it; a case that failed before it could say anything is in none."""
    row = {"way": "SIGKILL", "wedge": "SIGSTOP", "Sidekiq": "7.3.2", "pushed": 1000, "a second": 300, "lost": 2, "said it may": 0,
           "ran twice": 1, "the poison": "", "out of service": 5.0}  # fmt: skip
    rows = [
        row,
        {**row, "lost": 5, "out of service": 9.0},
        {**row, "wedge": "rescues all", "the poison": "lost"},
        {"ok": False, "error": "late"},
    ]
    found = cases.summed("trial_conservation", rows)

    assert [(one["wedge"], one["recoveries"], one["lost"], one["at worst"], one["the poison"], one["max"]) for one in found] == [
        ("SIGSTOP", 2, 7, 5, "", "9.0 s"),
        ("rescues all", 1, 2, 2, "1 lost", "5.0 s"),
    ]
    assert cases.summed("trial_random_kills", rows) == []


def test_results_belong_to_the_source_as_it_stands(tmp_path, monkeypatch):
    """A result is kept under the commit and a digest of the source: after any change it counts for nothing."""
    monkeypatch.setattr(cases, "CHECKOUT", tmp_path)
    (tmp_path / "watchdog").mkdir()
    source = tmp_path / "watchdog" / "a.py"
    versions = []
    for text in ("one", "one", "two"):
        source.write_text(text)
        versions.append(cases.version())
    source.rename(source.with_name("b.py"))
    versions.append(cases.version())
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3
    assert all(version.startswith("no-commit-") for version in versions)


def test_cases_of_any_name_have_results_of_their_own():
    """A case may be called anything; its result is a plain file name that no other case has."""
    names = ["a/b", "a b", "../a", "ä", ""]
    keys = {Case("trial_x", name).key for name in names}
    assert len(keys) == len(names)
    assert all(re.fullmatch(r"trial_x-[0-9a-f]{16}", key) for key in keys)


def test_benches_are_chosen_by_parts_of_their_names():
    """A part that fits nothing runs none; `all` runs every one."""
    assert chosen_benches(["all"]) == sorted(MINUTES) == sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    assert chosen_benches(["turns", "check"]) == ["bench_check", "bench_turns"]
    assert chosen_benches(["no such bench"]) == []


def test_benches_that_nobody_asked_for_end_within_ten_minutes():
    """What takes longer is left, and named with the way to run it."""
    short = chosen_benches([])
    assert round(sum(MINUTES[name] for name in short)) <= 10
    hint = left(short)
    assert all((name.removeprefix("bench_") in hint) is (name not in short) for name in MINUTES)
    assert "make bench ARGS=all" in hint
    assert left(list(MINUTES)) == ""


@pytest.mark.parametrize(("value", "beside", "ratio"), [(3.0, 2.0, 1.5), (3.0, None, None), (3.0, 0.0, None)])
def test_a_row_is_compared_only_with_something(value, beside, ratio):
    """The ratio is the figure over what stands beside it, and none where there is nothing to divide by."""
    assert Row(what="x", value=value, unit="s", beside=beside).ratio == ratio
