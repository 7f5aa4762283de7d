"""What is shipped with the program: its units, its settings, and the list of its refusals."""

import configparser
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from watchdog.inspect.refusals import REFUSALS
from watchdog.inspect.settings import parse
from watchdog.recovery.inspecting import SOCKET

PACKAGING = Path(__file__).parents[3] / "packaging"


def unit(kind: str) -> configparser.ConfigParser:
    """That unit, the last of what is said twice."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(PACKAGING / f"sidekiq-watchdog-inspect.{kind}")
    return parser


def test_settings():
    """They are sound, name Mastodon's services and no others, and no variable that holds a secret."""
    settings = parse((PACKAGING / "inspect.toml").read_bytes(), "inspect.toml", uid_of=lambda user: {"sidekiq-watchdog": 991}[user])

    assert settings.uids == {991}
    for name in ("mastodon-sidekiq.service", "mastodon-sidekiq@push.service", "mastodon-sidekiq-push.service"):
        assert any(fnmatchcase(name, pattern) for pattern in settings.units)
    assert not any(fnmatchcase("mastodon-web.service", pattern) for pattern in settings.units)
    assert not any(re.search("SECRET|PASS|KEY|TOKEN|URL", name) for name in settings.environment)


def test_the_socket_unit():
    """The socket is where the agent looks for it, open to its group alone, and one process serves it."""
    about = unit("socket")["Socket"]

    assert (about["ListenStream"], about["SocketMode"], about["SocketGroup"], about["Accept"]) == (
        str(SOCKET),
        "0660",
        "sidekiq-watchdog",
        "no",
    )


def test_the_service_unit():
    """One capability, a user of its own, nothing to write to, no network; and nothing starts it but its socket."""
    about = unit("service")
    service = about["Service"]

    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_SYS_PTRACE"
    assert {service[key] for key in ("DynamicUser", "NoNewPrivileges", "PrivateNetwork", "MemoryDenyWriteExecute")} == {"yes"}
    assert (service["ProtectSystem"], service["RestrictAddressFamilies"]) == ("strict", "AF_UNIX")
    assert "Install" not in about
    assert Path(service["ExecStart"]).name in tomllib.loads((PACKAGING.parent / "pyproject.toml").read_text())["project"]["scripts"]


@pytest.mark.needs("systemd-analyze")
@pytest.mark.timeout(180)
def test_systemd_understands_the_units(tmp_path):
    """Without a remark."""
    for kind in ("socket", "service"):
        text = (PACKAGING / f"sidekiq-watchdog-inspect.{kind}").read_text()
        # systemd wants the program to be there.
        text = re.sub("^ExecStart=.*$", f"ExecStart={shutil.which('true')}", text, flags=re.MULTILINE)
        (tmp_path / f"sidekiq-watchdog-inspect.{kind}").write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))
    said = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)

    assert (said.returncode, [line for line in said.stderr.splitlines() if "sidekiq-watchdog" in line]) == (0, [])


def test_refusals_are_listed():
    """Each with its sentence and hint, in packaging/README.md."""
    page = (PACKAGING / "README.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page.partition("| refused with |")[2], re.MULTILINE)

    assert rows == [(spec.code, f"{spec.sentence.format(what='…')}: {spec.hint}") for spec in REFUSALS.values()]
