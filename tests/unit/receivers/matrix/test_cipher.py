"""What keeps a receiver from encrypting, in a sentence; that it can is shown with a real homeserver, in tests/service/homeserver."""

import sys

import pytest
from aiohttp import web

from watchdog.receivers.matrix.cipher import Cipher
from watchdog.receivers.matrix.client import Client
from watchdog.receivers.receiver import RefusedError, TryAgainError

ME = "@watchdog:example.org"


@pytest.fixture
def client(endpoint, clock):
    """Of a server that knows nothing of keys."""
    return Client(f"http://127.0.0.1:{endpoint.port}", "token", timeout=60_000, clock=clock)


async def refusal(cipher, device="DEVICE"):
    """What sealing ends with."""
    with pytest.raises(TryAgainError) as caught:
        await cipher.seal("!room", "m.room.message", {"body": "x"}, user=ME, device=device)
    await cipher.close()
    return caught.value


@pytest.mark.parametrize("module", ["nio", "peewee"])
async def test_what_is_not_installed_is_named(client, tmp_path, monkeypatch, module):
    """With where it stands how to install it; to whoever merely looks, too."""
    monkeypatch.setitem(sys.modules, module, None)
    error = await refusal(Cipher(client, tmp_path / "keys"))
    assert isinstance(error, RefusedError)
    assert "the extra matrix-e2e, see packaging/README.md" in error.reason
    with pytest.raises(RefusedError, match="the extra matrix-e2e"):
        Cipher(client, tmp_path / "keys").look()
    assert not (tmp_path / "keys").exists()


@pytest.mark.needs("nio")
async def test_a_token_without_a_device(client, tmp_path):
    """It can have no keys."""
    assert "by logging in" in (await refusal(Cipher(client, tmp_path / "keys"), device="")).reason


@pytest.mark.needs("nio")
async def test_a_folder_that_is_none(client, tmp_path):
    """One that is not given whole, or that is a file."""
    from pathlib import Path

    assert "absolute path" in (await refusal(Cipher(client, Path("keys")))).reason
    (tmp_path / "keys").touch()
    assert "can't be used" in (await refusal(Cipher(client, tmp_path / "keys"))).reason


@pytest.mark.needs("nio")
async def test_keys_are_for_the_agent_alone(endpoint, client, tmp_path):
    """The folder that is made is open to nobody else; an answer of the server that is none is tried again, and nothing was sent."""
    cipher = Cipher(client, tmp_path / "keys")
    endpoint.otherwise = 500
    with pytest.raises(TryAgainError, match="answered 500"):
        await cipher.seal("!room", "m.room.message", {"body": "x"}, user=ME, device="DEVICE")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    await cipher.close()
    await client.close()


@pytest.mark.needs("nio")
async def test_a_folder_that_was_lost(endpoint, client, tmp_path):
    """The homeserver has keys of that device that are no longer ours: what to do is said, and nothing was sent."""

    async def members(_request):
        return web.json_response({"joined": {ME: {}}})

    async def others(_request):
        return web.json_response({"errcode": "M_UNKNOWN", "error": "One time key signed_curve25519:AAAAAQ already exists."}, status=400)

    endpoint.answers = [members, others]
    error = await refusal(Cipher(client, tmp_path / "keys"))
    assert isinstance(error, RefusedError)
    assert error.untouched
    assert "log in again for a new token, remove the folder" in error.reason
    await client.close()
