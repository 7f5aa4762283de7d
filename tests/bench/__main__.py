"""
`make bench`: runs the `bench_*.py` of this folder, one after the other, and prints their rows with their ratios.

Without arguments those that end within ten minutes together (`MINUTES`), and it says which were left; `make bench ARGS=all` runs every
one, three quarters of an hour. Other arguments are parts of file names: `make bench ARGS=follow`. Each file runs in a process of its own, so that no file pays
for the memory or the garbage of another.
"""

import asyncio
import importlib
import inspect
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.bench.rows import Row

FOLDER = Path(__file__).parent
ALL = "all"
MINUTES = {
    "bench_agent": 1.5,
    "bench_census": 5.0,
    "bench_check": 0.2,
    "bench_classifier": 0.1,
    "bench_conditions": 0.1,
    "bench_decision": 2.0,
    "bench_edits": 0.2,
    "bench_follow": 2.0,
    "bench_host": 0.4,
    "bench_inspect": 0.5,
    "bench_languages": 0.4,
    "bench_log": 1.0,
    "bench_metrics": 0.1,
    "bench_outbox": 0.2,
    "bench_probe": 5.0,
    "bench_replay": 10.0,
    "bench_rules": 0.1,
    "bench_scale": 10.0,
    "bench_service": 11.5,
    "bench_trace": 0.1,
    "bench_timeline": 0.1,
    "bench_turns": 0.1,
    "bench_units": 0.7,
    "bench_web": 0.1,
    "bench_web_log": 0.2,
}
"""About how long each takes on two cores, most of it waiting."""
SHORT = 4.0
"""Minutes of one that is run without being asked for, at most."""


def chosen(parts: list[str]) -> list[str]:
    """The benches whose file name contains one of these parts; all of them for `all`, the short ones where none is given."""
    names = sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    if not parts:
        return [name for name in names if MINUTES[name] <= SHORT]
    return [name for name in names if ALL in parts or any(part in name for part in parts)]


def left(names: list[str]) -> str:
    """What was not run, and how to run it; empty if nothing was left."""
    missing = [name for name in MINUTES if name not in names]
    listed = ", ".join(f"{name.removeprefix('bench_')} (about {MINUTES[name]:g} min)" for name in missing)
    first = missing[0].removeprefix("bench_") if missing else ""
    return f"not run: {listed}; `make bench ARGS={first}` runs one, `make bench ARGS={ALL}` every one" if missing else ""


def measure(name: str) -> list[Row]:
    """Run `main` of that file, a function or a coroutine function, here."""
    rows = importlib.import_module(f"tests.bench.{name}").main()
    if inspect.isawaitable(rows):

        async def wait() -> list[Row]:
            return await rows

        rows = asyncio.run(wait())
    return list(rows)


async def run(name: str) -> list[Row] | str:
    """The rows of that file, measured in a process of its own; the end of what it said where it failed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench",
        "--measure",
        name,
        cwd=FOLDER.parents[1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    if child.returncode:
        return err.decode(errors="replace")[-2000:]
    return msgspec.json.decode(out.splitlines()[-1], type=list[Row])


def _figure(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{digits} {unit}"


def _cells(row: Row) -> Iterator[str]:
    yield row.what
    yield _figure(row.value, row.unit)
    yield f"{_figure(row.beside, row.unit)} ({row.beside_what})" if row.beside is not None else ""
    yield f"{row.ratio:.3g} ×" if row.ratio is not None else ""
    yield row.goal


def main(parts: list[str]) -> int:
    """Exit code 1 if a bench failed; a missed goal is for the reader to see, since machines differ."""
    console = Console()
    failed = 0
    names = chosen(parts)
    for name in names:
        begun = time.monotonic()
        result = asyncio.run(run(name))
        if isinstance(result, str):
            failed += 1
            console.print(f"[bold red]{name} failed[/]")
            console.print(result, markup=False)
            continue
        table = Table(
            "what", "measured", "beside", "ratio", "goal", title=f"{name}, {(time.monotonic() - begun) / 60:.1f} min", title_justify="left"
        )
        for row in result:
            table.add_row(*map(escape, _cells(row)))
        console.print(table)
    if not parts and (hint := left(names)):
        console.print(hint, markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--measure", name]:
            answer = measure(name)
            sys.stdout.write("\n" + msgspec.json.encode(answer).decode() + "\n")
        case parts:
            sys.exit(main(parts))
