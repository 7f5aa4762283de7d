"""
A migration that runs on this machine, of a user of whom nothing else runs here.

Why not as the user of the tests: every agent on the machine would take it for a deployment of its own application, and a test beside this one would wait for it to end.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

OF_NOBODY: Final = "app: {user: nobody}\n"
"""What the config of an agent says that is to heed it. The test must be marked with `needs("ruby", "setuid")`."""
_RUNS: Final = "puts 'runs'\nSTDOUT.flush\nSTDIN.read\n"


@contextlib.asynccontextmanager
async def migrating(*arguments: str) -> AsyncIterator[None]:
    """`rake db:migrate` with these arguments, which has begun and goes on until this ends."""
    with tempfile.TemporaryDirectory(prefix="rake-") as folder:
        Path(folder).chmod(0o755)
        rake = Path(folder) / "rake"
        rake.write_text(_RUNS)
        rake.chmod(0o644)
        process = await asyncio.create_subprocess_exec(
            "ruby", rake, "db:migrate", *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd="/",
            user="nobody", group="nogroup", extra_groups=[],
        )  # fmt: skip
        try:
            assert process.stdout is not None
            await process.stdout.readline()
            yield
        finally:
            process.kill()
            await process.communicate()
