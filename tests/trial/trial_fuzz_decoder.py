"""
The decoder under a fuzzer that sees which lines it has reached, one property at a time.

`make test` draws a few dozen cases of each property; here libFuzzer (by atheris, `.venv/bin/pip install atheris`) makes up raw bytes, `raw.py` makes
answers of them, and what reaches something new is kept and changed further. Without atheris hypothesis draws as many cases as it can in the same
time, and the row says so.
"""

import asyncio
import importlib
import importlib.util
import itertools
import logging
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.trial.cases import CHECKOUT

SECONDS = 30
_COUNTED_EACH = 50

# Property -> how its arguments are made of raw bytes.
_MADE: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "test_decode test_info": lambda raw: (raw.text() + raw.rest(),),
    "test_decode test_work": lambda raw: (raw.name(), raw.text() + raw.rest()),
    "test_decode test_beat": lambda raw: tuple(raw.text() if raw.below(6) else None for _ in range(6)),
    "test_decode test_enqueued_at": lambda raw: (raw.text() + raw.rest(),),
    "test_hostile_redis test_names_and_numbers": lambda raw: (raw.reply(), raw.rest()),
    "test_hostile_redis test_reading_a_process": lambda raw: ([raw.process() for _ in range(1 + raw.below(3))],),
    "test_hostile_redis sample_all": lambda raw: (raw.answer, 1 + raw.below(3)),
    "test_hostile_redis test_what_a_server_says_of_itself": lambda raw: (raw.mostly(raw.text() + raw.text()), [raw.reply(), raw.reply()]),
    "test_hostile_redis test_pushed_messages": lambda raw: (
        [raw.mostly([b"invalidate", [raw.name() for _ in range(raw.below(4))]]) for _ in range(raw.below(5))],
    ),
    "test_hostile_redis test_other_answers": lambda raw: (raw.reply(), raw.error()),
    "test_hostile_redis test_any_sequence_of_readings": lambda raw: (
        [raw.reading() for _ in range(raw.below(30))],
        [raw.byte() * 80 for _ in range(30)],
    ),
    "test_hostile_redis test_bytes_of_no_redis": lambda raw: ([raw.some(raw.below(8) * 8), raw.rest()], [raw.byte() for _ in range(4)]),
}
_DRAWN = {"test_hostile_redis sample_all": "test_hostile_redis test_sampling"}
CASES = list(_MADE)


async def run(case: str, folder: Path) -> dict[str, object]:
    """Fuzzes one property in a process of its own; the row has how often it ran and what was found."""
    is_guided = importlib.util.find_spec("atheris") is not None
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.trial.trial_fuzz_decoder", "guided" if is_guided else "drawn", case, str(folder), cwd=CHECKOUT,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(SECONDS * 4):
        _, err = await child.communicate()
    said = err.decode(errors="replace")
    if child.returncode:
        raise AssertionError(f"exit code {child.returncode}: " + " | ".join(line.strip() for line in said.splitlines()[-12:]))
    ran = int((folder / "ran").read_text())
    reached = re.findall(r"cov: (\d+)", said)
    return {
        "ok": ran > 0, "engine": "atheris" if is_guided else "hypothesis (no atheris here)", "executions": f"{ran:,}",
        "places reached": int(reached[-1]) if reached else "", "findings": 0,
    }  # fmt: skip


def _counted(inner: Callable[..., None], folder: Path) -> Callable[..., None]:
    ran = itertools.count(1)

    def counted(*arguments: object, **named: object) -> None:
        inner(*arguments, **named)
        if (number := next(ran)) % _COUNTED_EACH == 0:
            (folder / "ran").write_text(str(number))

    return counted


def _load(case: str) -> Any:
    module, name = case.split()
    logging.disable(logging.CRITICAL)
    return getattr(importlib.import_module(f"tests.property.{module}"), name)


def guided(case: str, folder: Path) -> None:
    """In the child: libFuzzer makes up bytes, for `SECONDS`; it ends the process itself."""
    import atheris

    with atheris.instrument_imports(include=["watchdog.sidekiq"]):
        found = _load(case)
        from tests.trial.raw import Raw
    check, make = _counted(found.hypothesis.inner_test if hasattr(found, "hypothesis") else found, folder), _MADE[case]
    (folder / "corpus").mkdir()
    options = (f"-max_total_time={SECONDS}", "-max_len=2048", "-timeout=30", f"-artifact_prefix={folder}/")
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], lambda data: check(*make(Raw(data))))
    atheris.Fuzz()


def drawn(case: str, folder: Path) -> None:
    """The same by chance alone: round after round of hypothesis, each short enough for the end to be kept."""
    import hypothesis

    test = _load(_DRAWN.get(case, case))
    test.hypothesis.inner_test = _counted(test.hypothesis.inner_test, folder)
    drawing = hypothesis.settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck))(test)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        drawing()


if __name__ == "__main__":
    {"guided": guided, "drawn": drawn}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
