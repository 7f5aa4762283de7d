"""
`make trial`: runs the cases of all `trial_*.py` of this folder in parallel and prints a table for each file.

    make trial ARGS="crashes --jobs 4"      only what has "crashes" in its name, four at a time
    make trial ARGS=--again                 forget what was found before
    make trial ARGS=--so-far                run nothing: the tables of what was found until now

Each case is a process of its own. A case that passed is not run again for the same source, so an
interrupted run goes on where it was; one that failed is. Exit code 1 if any case failed.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.trial.cases import CHECKOUT, Case, Row, chosen, load, results_folder, summed


def carry_out(case: Case, answer: Path) -> None:
    """In the child: run the case in a folder of its own, and write its row."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        row = asyncio.run(_run(case, Path(folder)))
    row = {"case": case.name, **row, "seconds": round(time.monotonic() - began, 1)}
    part = answer.with_suffix(".part")
    part.write_bytes(orjson.dumps(row, default=str))
    part.rename(answer)


async def _run(case: Case, folder: Path) -> Row:
    return dict(await load(case.trial).run(case.name, folder))


async def start(case: Case, answer: Path, limit: float) -> Row:
    """
    Run the case in a child, in a session of its own; what went wrong becomes its row.

    A case that is late, or that is interrupted with the whole run, goes with everything it started.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.trial", "--case", case.trial, case.name, "--answer", str(answer),
        cwd=CHECKOUT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(limit):
            _, err = await child.communicate()
    except TimeoutError:
        return {"case": case.name, "ok": False, "error": f"not done after {limit:.0f} s"}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
    if child.returncode == 0 and answer.exists():
        return _read(answer)
    said = err.decode(errors="replace").strip().splitlines() or [f"exit code {child.returncode}"]
    return {"case": case.name, "ok": False, "error": said[-1], "traceback": said}


def _read(answer: Path) -> Row:
    return dict(orjson.loads(answer.read_bytes()))


async def run_all(cases: list[Case], *, folder: Path, jobs: int, limit: float, console: Console) -> dict[Case, Row]:
    """Every case with its row; those that passed before are only read."""
    slots = asyncio.Semaphore(jobs)

    async def one(case: Case) -> Row:
        answer = folder / f"{case.key}.json"
        if answer.exists() and (row := _read(answer)).get("ok") is True:
            return row
        answer.unlink(missing_ok=True)
        async with slots:
            row = await start(case, answer, max(limit, case.least))
        mark = "[green]ok[/]" if row.get("ok") is True else "[bold red]FAILED[/]"
        console.print(f"{mark} {case.trial}", end=" ")
        console.print(case.name, str(row.get("error", "")), markup=False)
        for line in row.pop("traceback", []):
            console.print("    " + line, markup=False, highlight=False)
        return row

    async with asyncio.TaskGroup() as group:
        tasks = {case: group.create_task(one(case), name=case.name) for case in cases}
    return {case: task.result() for case, task in tasks.items()}


def so_far(cases: list[Case], folder: Path) -> dict[Case, Row]:
    """Every case that has been run, with its row."""
    answers = {case: folder / f"{case.key}.json" for case in cases}
    return {case: _read(answer) for case, answer in answers.items() if answer.exists()}


def show(rows: dict[Case, Row], console: Console) -> None:
    """One table a trial file, and a second one of what it comes to, where the file says how it is summed up."""
    for trial in sorted({case.trial for case in rows}):
        own = [row for case, row in rows.items() if case.trial == trial]
        passed = sum(row.get("ok") is True for row in own)
        console.print(f"{trial}: {passed} of {len(own)} ok", markup=False)
        console.print(_table(own))
        if sums := summed(trial, own):
            console.print(f"{trial}: all in all", markup=False)
            console.print(_table(sums))


def _table(rows: list[Row]) -> Table:
    """Its columns in the order in which rows first name them; a traceback has no room in it."""
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "traceback"))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(escape(str(row.get(column, ""))) for column in columns))
    return table


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="make trial")
    parser.add_argument("parts", nargs="*", help="parts of the names of trials or cases")
    parser.add_argument("--jobs", type=int, default=max(1, len(os.sched_getaffinity(0))), help="how many at a time")
    parser.add_argument("--limit", type=float, default=1800, help="seconds that one case may take")
    parser.add_argument("--again", action="store_true", help="forget the results for this source")
    parser.add_argument("--so-far", action="store_true", help="run nothing, only show what was found until now")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        carry_out(Case(*arguments.case), arguments.answer)
        return 0
    folder = results_folder()
    if arguments.again:
        shutil.rmtree(folder)
        folder.mkdir()
    # A table that is written into a file has room.
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 240)
    cases = chosen(arguments.parts)
    if arguments.so_far:
        rows = so_far(cases, folder)
    else:
        # Also where a shell has started it in the background and has it ignore the one, or somebody sends the other: nothing that runs is left behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        rows = asyncio.run(run_all(cases, folder=folder, jobs=arguments.jobs, limit=arguments.limit, console=console))
    show(rows, console)
    return 0 if all(row.get("ok") is True for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
