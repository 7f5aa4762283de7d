"""The container file and what stands beside it, by a strict reading: no engine is needed, and none has tried it."""

import importlib
import json
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

PACKAGING = Path(__file__).parents[2] / "packaging"
STATE, CONFIG = "/var/lib/sidekiq-watchdog", "/etc/sidekiq-watchdog"
UID = 991
"""Of Mastodon's own images."""


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each, lines that go on put together."""
    text = re.sub(r"^#.*\n", "", (PACKAGING / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


@pytest.fixture(scope="module")
def layout() -> Any:
    """Where the package puts its files."""
    sys.path.insert(0, str(PACKAGING / "deb"))
    try:
        yield importlib.import_module("layout")
    finally:
        sys.path.remove(str(PACKAGING / "deb"))
        sys.modules.pop("layout", None)


def test_every_instruction(layout):
    """Only known ones, in an order that works; what is copied from the package lies in it, and what is copied into it is what `make deb` makes."""
    found = instructions()
    assert {name for name, _ in found} == {"FROM", "COPY", "RUN", "USER", "VOLUME", "ENTRYPOINT", "CMD"}
    assert [rest.rpartition(" AS ")[2] for name, rest in found if name == "FROM"] == ["package", "docker.io/library/debian:trixie-slim"]
    assert {rest.partition(" ")[0] for name, rest in found if name == "FROM"} == {"docker.io/library/debian:trixie-slim"}
    places = {place for _, place in (*layout.FILES, *layout.DOCUMENTS)} | {f"{layout.HOME}/bin/sidekiq-watchdog"}
    copied = [shlex.split(rest) for name, rest in found if name == "COPY"]
    assert fnmatchcase("dist/sidekiq-watchdog_0.1.0_amd64.deb", copied[0][0])
    for stage, source, target in copied[1:]:
        assert (stage, source.removeprefix("/tree")) == ("--from=package", target)
        assert any(place.startswith(f"{target}/") for place in places), target
    assert ("USER", f"{UID}:{UID}") in found
    assert [name for name, _ in found[-4:]] == ["USER", "VOLUME", "ENTRYPOINT", "CMD"]


@pytest.mark.parametrize("line", [rest for name, rest in instructions() if name == "RUN"])
def test_every_shell_line(line):
    """A shell can read it, and each command in it counts: nothing goes on after a failure."""
    assert subprocess.run(["sh", "-n", "-c", line], check=False, capture_output=True, text=True).stderr == ""
    assert ";" not in line


def test_what_it_starts(layout):
    """The program of the package with the config where the volumes have it, by list and without a shell."""
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == [f"{layout.HOME}/bin/sidekiq-watchdog"]
    assert json.loads(found["CMD"]) == ["run", "--config", f"{CONFIG}/config.yml"]
    assert found["VOLUME"] == STATE


def test_compose():
    """Agent and Sidekiq share numbers and host name, and neither holds the numbers of the other; the agent may do nothing but write its state."""
    services = yaml.safe_load((PACKAGING / "compose.yml").read_text())["services"]
    agent, sidekiq, holder = services["watchdog"], services["sidekiq"], services["pids"]
    assert agent["pid"] == sidekiq["pid"] == "service:pids"
    assert agent["hostname"] == sidekiq["hostname"]
    assert "pid" not in holder
    assert {one["restart"] for one in services.values()} == {"always"}
    assert (agent["cap_drop"], agent["read_only"], agent["security_opt"]) == (["ALL"], True, ["no-new-privileges:true"])
    assert [volume.split(":")[1:] for volume in agent["volumes"]] == [[CONFIG, "ro"], [STATE]]
    assert sidekiq["stop_grace_period"] == "60s"


def test_kubernetes():
    """The numbers are shared, the user is that of Sidekiq, and there is time to give jobs back."""
    pod = yaml.safe_load((PACKAGING / "kubernetes.yml").read_text())["spec"]["template"]["spec"]
    (agent,) = pod["containers"]
    assert pod["shareProcessNamespace"] is True
    assert pod["terminationGracePeriodSeconds"] >= 60
    assert (agent["securityContext"]["runAsUser"], agent["securityContext"]["capabilities"]) == (UID, {"drop": ["ALL"]})
    mounts = {one["name"]: one["mountPath"] for one in agent["volumeMounts"]}
    assert {CONFIG, STATE} <= set(mounts.values())
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
