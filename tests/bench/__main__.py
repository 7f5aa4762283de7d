"""
`make bench`: runs every `bench_*.py` of this folder, one after the other, and prints its rows with their ratios.

Arguments are parts of file names: `make bench ARGS=follow`. Each file runs in a process of its own, so
that no file pays for the memory or the garbage of another.
"""

import asyncio
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.bench.rows import Row

FOLDER = Path(__file__).parent


def chosen(parts: list[str]) -> list[str]:
    """The benches whose file name contains one of these parts; all of them where none is given."""
    names = sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    return [name for name in names if not parts or any(part in name for part in parts)]


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
    for name in chosen(parts):
        result = asyncio.run(run(name))
        if isinstance(result, str):
            failed += 1
            console.print(f"[bold red]{name} failed[/]")
            console.print(result, markup=False)
            continue
        table = Table("what", "measured", "beside", "ratio", "goal", title=name, title_justify="left")
        for row in result:
            table.add_row(*map(escape, _cells(row)))
        console.print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--measure", name]:
            answer = measure(name)
            sys.stdout.write("\n" + msgspec.json.encode(answer).decode() + "\n")
        case parts:
            sys.exit(main(parts))
