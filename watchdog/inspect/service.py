"""
Who asks, over which socket: one connection after the other, one request in each.

Each request leaves one line in the log: who asked for what of which process, and what came of it. No payload, no value.
"""

import contextlib
import socket
import struct
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.inspect.answer import answer, line, refused
from watchdog.inspect.refusals import RefusedError
from watchdog.inspect.request import LARGEST, Request, read_request
from watchdog.inspect.settings import Settings

_PATIENCE: Final = 5.0  # seconds for a request to come, and for a line of the answer to be taken
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


def serve(
    listener: socket.socket, settings: Settings, *, idle: float, log: Callable[[str], None], between: Callable[[], None] = lambda: None
) -> None:
    """Answer until nobody has asked for `idle` seconds."""
    listener.settimeout(idle)
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            return
        with connection:
            _serve_one(connection, settings, log, between)
            _drain(connection)


def _serve_one(connection: socket.socket, settings: Settings, log: Callable[[str], None], between: Callable[[], None]) -> None:
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    asked = "asked"
    try:
        request = _admit(connection, uid, settings)
        asked = f"asked for {request.ask} of process {request.pid}"
        count = 0
        connection.settimeout(_PATIENCE)
        for said in answer(request, settings, between=between):
            connection.sendall(line(said))
            count += "end" not in said
        outcome = f"given, {count} payloads"
    except RefusedError as refusal:
        outcome = _refuse(connection, refusal)
    except OSError as error:
        # Whoever asked and went away is missed by nobody.
        outcome = f"went away ({error.strerror})"
    except Exception as fault:  # noqa: BLE001 - a fault of ours ends one request; its text could hold what was read, so only its place is told
        place = traceback.extract_tb(fault.__traceback__)[-1]
        outcome = _refuse(connection, RefusedError("failed", f"{type(fault).__name__} in {Path(place.filename).name}, line {place.lineno}"))
    log(f"uid {uid}, process {pid}, {asked}: {outcome}")


def _admit(connection: socket.socket, uid: int, settings: Settings) -> Request:
    received = _receive(connection)
    if uid not in settings.uids:
        raise RefusedError("not-allowed", f"uid {uid}")
    return read_request(received)


def _refuse(connection: socket.socket, refusal: RefusedError) -> str:
    connection.settimeout(_PATIENCE)
    with contextlib.suppress(OSError):
        connection.sendall(line(refused(refusal)))
    return f"refused, {refusal.spec.code}: {refusal}"


def _drain(connection: socket.socket) -> None:
    """Take what else was sent: the kernel throws our answer away if something lies unread when we close."""
    connection.settimeout(0)
    with contextlib.suppress(OSError):
        for _ in range(16):
            if not connection.recv(LARGEST):
                return


def _receive(connection: socket.socket) -> bytes:
    """The first line, or what came before the other end stopped sending."""
    parts = b""
    until = time.monotonic() + _PATIENCE
    while b"\n" not in parts and len(parts) <= LARGEST:
        connection.settimeout(max(0.01, until - time.monotonic()))
        try:
            part = connection.recv(LARGEST)
        except TimeoutError as error:
            raise RefusedError("bad-request", f"it did not come within {_PATIENCE:g} s") from error
        if not part:
            break
        parts += part
    return parts.partition(b"\n")[0]
