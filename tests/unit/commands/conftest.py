"""A run of a command as its unit begins it: a process of its own, with the agent's files before it."""

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.commands.definitions import GOOD, TEXT
from watchdog.model.named.handing_over import Ended, read_result, request

ID = "0123456789abcdef" * 2
RUNNER = """\
import os, sys
from pathlib import Path
from watchdog.commands.program import carry_out_one
from watchdog.commands.trusted import load
config, spool, name, run = sys.argv[1:]
sys.exit(carry_out_one(load(Path(config), owner=os.getuid()), name, run, spool=Path(spool)))
"""
RECORD = "import json, os, sys; open({!r}, 'x').write(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()])); print('said', flush=True)"
"""What the command is: it writes down how it was called, and fails if it is called twice."""


class Runs:
    """Command `tell`, the agent's folder, and what came of it. The agent, the command's user and whoever tests are one here."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir(mode=0o711)
        self.config = folder / "commands.toml"
        self.recorded = folder / "recorded"
        self.define(RECORD.format(str(self.recorded)))

    def define(self, code: str, *, timeout: str = "90s") -> None:
        """What `tell` does, in Python."""
        me = pwd.getpwuid(os.getuid()).pw_name
        program = self.config.with_name("tell")
        program.write_text(f"#!{sys.executable} -SE\n{code}\n")
        program.chmod(0o755)
        text = TEXT.format(argv=f'"{program}"').replace("watcher", me).replace("worker", me).replace("/srv", str(self.spool.parent))
        self.config.write_text(text.replace("90s", timeout))

    def hand_over(self, values: Any = GOOD, *, run: str = ID, data: bytes | None = None) -> None:
        """Both files, as the agent makes them."""
        self.file(f"{run}.json", request("tell", values) if data is None else data)
        self.file(f"{run}.out", b"")

    def file(self, name: str, data: bytes, mode: int = 0o600) -> Path:
        """One file there."""
        path = self.spool / name
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def begin(self, *, run: str = ID, name: str = "tell") -> "subprocess.Popen[bytes]":
        """Start it."""
        command = [sys.executable, "-c", RUNNER, str(self.config), str(self.spool), name, run]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, **which: str) -> tuple[int, str]:
        """Its exit status, and what it wrote to the journal."""
        with self.begin(**which) as process:
            said, wrote = process.communicate()
        assert not said
        return process.returncode, wrote.decode()

    def ended(self, run: str = ID) -> Ended:
        """What the agent finds."""
        begun, ended = read_result((self.spool / f"{run}.out").read_bytes())
        assert begun
        assert ended is not None
        return ended


@pytest.fixture
def runs(tmp_path) -> Runs:
    """In a folder of its own."""
    return Runs(tmp_path)
