"""
The stand-in is held against real Sidekiqs: all keys that they write, and the commands of their beats and of their end.

Debian's are run beside it. Of those that no Debian has, the life of a real one was recorded once (`life.py` says how), and the stand-in must still live
like it. And what it refuses. It is Python, one file a part: `tests/service/standin/`.
"""

import asyncio
import sys

import msgspec
import pytest

from tests.service.matrix.life import RECORDED, Life, live
from tests.service.matrix.parts import CHECKOUT, SIDEKIQS
from tests.suites import debian
from watchdog.demo.title import ROOM

STANDS_FOR = {"bookworm": "6.4.1", "trixie": "7.3.2", "sid": "8.1.7"}
NOT_IN_DEBIAN = ("6.5.12", "7.2.2", "8.0.10")


@pytest.fixture(scope="module")
def lives(tmp_path_factory) -> dict[str, Life]:
    """The lives of all that this machine has, real (by suite) and stood in for (by version), at the same time."""
    folder = tmp_path_factory.mktemp("lives")
    kinds = [suite for suite in SIDEKIQS if not debian.why_not(suite)] + [*STANDS_FOR.values(), *NOT_IN_DEBIAN]

    async def run() -> list[Life]:
        return await asyncio.gather(*(live(kind, folder / kind) for kind in kinds))

    return dict(zip(kinds, asyncio.run(run()), strict=True))


def _same(stood_for: Life, real: Life) -> None:
    for key in sorted(real.keys.keys() | stood_for.keys.keys()):
        assert stood_for.keys.get(key) == real.keys.get(key), key
    for part, sent in real.commands.items():
        assert stood_for.commands[part] == sent, part


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "suite", [pytest.param(suite, id=release, marks=pytest.mark.needs("bookworm", suite)) for suite, release in SIDEKIQS.items()]
)
def test_it_writes_what_the_real_one_writes(lives, suite):
    """Keys, types, lifetimes, JSON field for field, units, and the commands of beats and of a clean stop in their order are those of the real one."""
    real, stood_for = lives[suite], lives[STANDS_FOR[suite]]
    if real.version.split(".")[:2] != stood_for.version.split(".")[:2]:
        pytest.skip(f"{suite} has Sidekiq {real.version} by now; the stand-in stands for {stood_for.version}")

    _same(stood_for, real)


@pytest.mark.timeout(180)
@pytest.mark.needs("bookworm")
@pytest.mark.parametrize("version", NOT_IN_DEBIAN)
def test_it_writes_what_was_recorded_of_the_real_one(lives, version):
    """The same, against what a real Sidekiq of that version once wrote."""
    _same(lives[version], msgspec.json.decode((RECORDED / f"{version}.json").read_bytes(), type=Life))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--as", "6.5.11"), "does not know Sidekiq 6.5.11"),
        (("--as", "8.0.10", "--tear", "1"), "nothing to tear"),
        (("--as", "8.0.10", "-c", "0"), "is not a valid value"),
        (("--as", "8.0.10", "-q", "push,2"), "does not do weights"),
        (("--as", "8.0.10", "--verbose"), "unrecognized arguments"),
        ((), "required"),
    ],
)
async def test_it_refuses_what_it_can_not_do(arguments, why):
    """A version that was not looked up, and options that the real one refuses or the stand-in lacks, end it with the reason."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.service.standin", *arguments, ROOM, cwd=CHECKOUT, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()

    assert process.returncode != 0
    assert why in errors.decode()
