"""Synapse is installed once, whole or not at all; pip and the making of a venv are stand-ins here."""

import venv

import pytest

from tests.suites import synapse


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """What was run; `fails` says with what it ends."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ran = []

    def make(_builder, folder):
        (folder / "bin").mkdir()
        (folder / "bin" / "python").touch()

    def run(*command):
        ran.append(command)
        if ran_badly:
            raise synapse.SynapseError(ran_badly[0])

    ran_badly: list[str] = []
    monkeypatch.setattr(venv.EnvBuilder, "create", make)
    monkeypatch.setattr(synapse, "_run", run)
    return ran, ran_badly


def test_it_is_installed_once(pip):
    """From wheels; what is there is left alone."""
    ran, _ = pip
    assert synapse.why_not()
    synapse.build()
    synapse.build()
    assert synapse.why_not() == ""
    assert synapse.python().exists()
    (install, _import) = ran
    assert {"--only-binary", ":all:", synapse.PACKAGE} <= set(install)


def test_what_fails_leaves_nothing_at_its_place(pip):
    """It says why, and can be had later."""
    _, fails = pip
    fails.append("ERROR: No matching distribution found")
    with pytest.raises(synapse.SynapseError):
        synapse.build()
    assert "No matching distribution" in synapse.why_not()
    assert not synapse.python().exists()
    fails.clear()
    synapse.build()
    assert synapse.why_not() == ""
