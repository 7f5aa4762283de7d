"""The command as a process: what scripts and pipes see of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import watchdog
from tests.patience import PATIENCE

COMMAND = Path(sys.executable).parent / "sidekiq-watchdog"
HEAVY = ("aiohttp", "asyncio", "jinja2", "prometheus_client", "redis", "rich", "sqlite3", "textual", "yaml")


def run(*arguments: str, **more) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **more)


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (["--version"], 0, f"sidekiq-watchdog {watchdog.__version__}\n", ""),
        (["--help"], 0, "Exit codes: 0 fine, 1 findings, 2 usage or config, 3 no agent", ""),
        (["-h"], 0, "Usage: sidekiq-watchdog", ""),
        (["run", "--help"], 0, "--mode", ""),
        (["demo", "--help"], 0, "in about a minute", ""),
        (["check", "--help"], 0, "--format", ""),
        (["status", "--help"], 0, "--json", ""),
        (["audit", "--help"], 0, "--verify", ""),
        (["changes", "--help"], 0, "--follow", ""),
        (["changes", "--config", "config.yml", "--follow", "--kind", "jobs"], 2, "", "did you mean job?"),
        (["changes", "--config", "nowhere.yml", "--follow"], 2, "", "nowhere.yml can't be read"),
        (["frob"], 2, "", "No such command 'frob'"),
        (["check", "--frob"], 2, "", "No such option: --frob"),
        (["audit", "--limit", "0"], 2, "", "--limit"),
        (["run", "--config", "nowhere.yml"], 2, "", "nowhere.yml:1:1: E113"),
        (["check", "--config", "nowhere.yml"], 2, "nowhere.yml:1:1: E113", ""),
        (["status", "--config", "nowhere.yml"], 2, "", "nowhere.yml can't be read"),
        (["status", "--config", "config.yml"], 3, "", "no agent has written any state"),
        (["audit", "--config", "config.yml"], 3, "", "no agent has written any state"),
        (["check", "pack:sidekiq"], 0, "0 errors", ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_command_line_has_its_exit_code_and_stream(tmp_path, arguments, code, out, err):
    """Answers go to standard output, complaints to standard error, and there is never a traceback."""
    (tmp_path / "config.yml").write_text("redis: {url: 'redis://127.0.0.1:1/0'}\nrules: ['pack:sidekiq']\nstate: state\n")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done
    assert out in done.stdout
    assert err in done.stderr
    assert bool(out) == bool(done.stdout)
    assert bool(err) == bool(done.stderr)
    assert "Traceback" not in done.stderr


def test_a_mode_above_the_config_is_refused_with_the_ceiling(tmp_path):
    """`run --mode act` on a config in dry-run says what the config allows, ends with 2, and has touched nothing."""
    (tmp_path / "config.yml").write_text("redis: {url: 'redis://127.0.0.1:1/0'}\nrules: ['pack:sidekiq']\nstate: state\n")
    done = run("run", "--config", "config.yml", "--mode", "act", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "dry-run" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(("arguments", "needed"), [(["--version"], set()), (["check", "config.yml"], {"yaml"})])
def test_what_a_command_does_not_need_is_not_loaded(tmp_path, arguments, needed):
    """`--version` and `check` start fast: no network, no database, no event loop, and nothing that paints or draws; a parser only where something is read."""
    (tmp_path / "config.yml").write_text("rules: []\n")
    code = "import sys\nfrom watchdog.cli import main\ntry:\n    main()\nexcept SystemExit:\n    print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path)
    assert set(HEAVY) & set(done.stdout.split()) == needed


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_no_error(tmp_path, unbuffered):
    """`audit --json | head -1`: no traceback and no complaint; the exit code is that of a pipe, whenever it is noticed."""
    code = "from watchdog.cli import main\nimport watchdog.cli.check as check\ncheck._inspect = lambda *_: (0, (), {})\nmain()"
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, "check", "x.yml"],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_closed_standard_output_is_no_error(tmp_path):
    """`check … >&-`, as a daemon's child may be started: the exit code is all that is left, and it is right."""
    done = subprocess.run(
        ["sh", "-c", '"$0" check pack:sidekiq >&-', COMMAND], stderr=subprocess.PIPE, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_our_letters_ends_no_command(tmp_path):
    """What the encoding of standard output lacks is written out."""
    (tmp_path / "naïve.yml").write_text("rules: [")
    done = run("check", "naïve.yml", cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 2
    assert r"na\xefve.yml" in done.stdout
    assert not done.stderr


@pytest.mark.needs("redis-server")
async def test_an_agent_is_seen_while_it_runs_and_remembered_when_it_is_down(redis_server, tmp_path, until):
    """`status` and `audit` answer beside a running agent and after its end, from the same state folder."""
    (tmp_path / "config.yml").write_text(f"redis: {{url: '{redis_server.url}'}}\nrules: ['pack:sidekiq']\nstate: state\n")

    async def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(run, *arguments, "--config", "config.yml", cwd=tmp_path)

    async def picture() -> dict:
        done = await ask("status", "--json")
        return json.loads(done.stdout) if done.stdout else {}

    agent = await asyncio.create_subprocess_exec(COMMAND, "run", "--config", "config.yml", cwd=tmp_path, stderr=asyncio.subprocess.PIPE)
    try:

        async def is_following() -> dict | None:
            seen = await picture()
            return seen if seen.get("sources", {}).get("redis", {}).get("ok") else None

        seen = await until(is_following, what="the agent to have read Redis")
        assert seen["running"] is True
        assert seen["agent"]["pid"] == agent.pid
        assert (await ask("status")).stdout.startswith("sidekiq-watchdog ")
    finally:
        agent.terminate()
        try:
            _, log = await asyncio.wait_for(agent.communicate(), PATIENCE)
        except TimeoutError:
            agent.kill()
            raise
    assert agent.returncode == 0, log
    assert (await picture())["running"] is False
    assert (await ask("status")).stdout.startswith("No agent is running")
    rows = [json.loads(line) for line in (await ask("audit", "--json")).stdout.splitlines()]
    assert [row["outcome"] for row in rows if row["kind"] == "agent"] == ["started", "rules in force", "stopping"]
    assert (await ask("audit", "--verify")).stdout.startswith(f"{len(rows)} rows, chain whole\nlast row {len(rows)}, hash ")
