"""
Asking the agent that runs, over the unix socket of its API. The counterpart of `web/`, whose structs the answers are read into.

`status` and its kin read what the agent has written, and so work without one; what is asked here only a living agent can say: why it does not act at this moment, what it will do next. Whoever can't be asked
is said in one sentence, with what to do about it.
"""

import errno
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar

import msgspec

from watchdog.cli.exits import NothingToShowError, UsageError
from watchdog.cli.sse import Happened, happenings
from watchdog.web.answered import Answered
from watchdog.web.failures import Failed, Fault

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")
BELOW: Final = "/api/v1/"
WITHIN: Final = 30.0
"""Seconds for an answer as a whole, as many as the agent gives itself for one."""
LARGEST: Final = 32 * 2**20
"""Bytes of an answer at most: every list is paged, so one that is greater is not the agent's."""
SILENT: Final = 45.0
"""Seconds without a word after which a stream is taken to be dead; the agent says something each 15."""


class UnreachableError(NothingToShowError):
    """No agent answers."""


class UnansweredError(UnreachableError):
    """An agent is there, and does not answer this one question."""


class OtherVersionError(UnansweredError):
    """An agent answers, and does not know that question, or this command not the answer."""


class NotThereError(UsageError):
    """The agent knows nothing by that name."""


class RefusedError(UsageError):
    """The agent has not done what it was asked for, as it was asked for."""


class Api:
    """
    The API of the agent on that socket, for as long as the `async with` lasts. `state` is its state folder, `by` who says what is said (only heeded of root, as by way of sudo).

    Everything raises `UnreachableError` where no agent answers, `NotThereError` for what it does not know, and `RefusedError` for what it does not take.
    """

    def __init__(self, socket: Path, *, state: Path, by: str = "") -> None:
        self._socket = socket
        self._state = state
        self._by = by
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp

        from watchdog.web.knocking import Knocking

        self._session = aiohttp.ClientSession(
            "http://localhost", connector=Knocking(str(self._socket)), headers={"X-Watchdog-By": self._by} if self._by else {},
        )  # fmt: skip
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, answer: type[T], **asked: str | int) -> T:
        """What stands below `/api/v1/`; `asked` are the parameters of the query."""
        return self._read(await self._call("GET", path, params={name: str(value) for name, value in asked.items()}), answer)

    async def raw(self, path: str, **asked: str | int) -> bytes:
        """The same as it came, which is JSON."""
        return await self._call("GET", path, params={name: str(value) for name, value in asked.items()})

    async def say(self, path: str, said: Mapping[str, Any]) -> Answered:
        """What a person says, and what the agent answers to it."""
        return self._read(await self._call("POST", path, json=dict(said)), Answered)

    async def events(self, after: str = "") -> AsyncIterator[Happened]:
        """What happens from now on, or after that id; ends where the agent ends it. Silence is `UnreachableError`, too."""
        import aiohttp

        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        patience = aiohttp.ClientTimeout(total=None, sock_connect=WITHIN, sock_read=SILENT)
        try:
            async with self._made().get(f"{BELOW}events", headers=headers, timeout=patience) as answer:
                if answer.status != 200:
                    self._refuse(answer.status, await answer.content.read(2**16))
                async for one in happenings(answer.content.iter_any()):
                    yield one
        except ValueError as error:
            raise UnreachableError(
                f"what the agent sends can't be understood ({error}); is it of another version than this command?"
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._explain(error)

    def _made(self) -> "aiohttp.ClientSession":
        assert self._session is not None, "it is asked within `async with`"
        return self._session

    async def _call(self, method: str, path: str, **more: Any) -> bytes:
        import aiohttp

        try:
            async with self._made().request(method, f"{BELOW}{path}", timeout=aiohttp.ClientTimeout(total=WITHIN), **more) as answer:
                body = await _whole(answer)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._explain(error)
        # 409 is an answer to what was said: refused, with the reason.
        if status != 200 and not (method == "POST" and status == 409 and b'"outcome"' in body[:64]):
            self._refuse(status, body)
        return body

    def _read(self, body: bytes, answer: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=answer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise OtherVersionError(
                f"the agent's answer can't be understood ({error}); is it of another version than this command?"
            ) from None

    def _refuse(self, status: int, body: bytes) -> NoReturn:
        try:
            wrong = msgspec.json.decode(body, type=Failed).error
        except (msgspec.MsgspecError, UnicodeDecodeError):
            wrong = Fault("", "")
        said = (wrong.message or f"it answered with {status}") + (f" (hint: {wrong.hint})" if wrong.hint else "")
        match status:
            case 404 if wrong.code in ("", "no_such_endpoint"):
                raise OtherVersionError("the agent that runs does not know this question: it is of another version; restart it")
            case 404:
                raise NotThereError(said)
            case 401 | 403:
                raise RefusedError(f"the agent does not let this user: {said}")
            case 429 | 503:
                raise UnansweredError(f"the agent can't answer now: {said}")
            case _ if status >= 500:
                raise UnansweredError(f"the agent failed to answer: {said}; its log says why")
            case _:
                raise RefusedError(said)

    def _explain(self, error: Exception) -> NoReturn:
        """Raises what it means for a person that the connection failed."""
        number = (getattr(error, "os_error", None) or error).errno if isinstance(error, OSError) else None
        if isinstance(error, TimeoutError):
            raise UnreachableError("the agent does not answer; `status` shows what it last said, and when") from None
        if number in (errno.EACCES, errno.EPERM):
            raise UnreachableError(
                f"this user may not connect to {self._socket}; ask as root or the agent's user, or be of the group that `api: group:` names"
            ) from None
        if number in (errno.ENOENT, errno.ECONNREFUSED):
            raise UnreachableError(self._not_there()) from None
        raise UnreachableError(f"the connection to the agent broke ({str(error) or type(error).__name__})") from None

    def _not_there(self) -> str:
        from watchdog.store.lock import is_running

        try:
            pid = is_running(self._state)
        except OSError:
            return f"nobody listens on {self._socket}, and {self._state} is closed to this user; ask as root"
        if pid is None:
            return f"no agent runs on the state folder {self._state}; `systemctl start sidekiq-watchdog` starts that of the package"
        return f"an agent runs (pid {pid}), and does not listen on {self._socket}: it is older than this command, or `status` says what keeps it from it"


def api_of(config: Path) -> Api:
    """The API of the agent with that config. Raises `ProblemsError` or `UsageError` where the config can't be read."""
    from watchdog.cli.orders import who
    from watchdog.cli.state import settings_of

    settings = settings_of(config)
    state = config.absolute().parent / settings.state.value
    return Api(state / settings.api.socket, state=state, by=who() if os.geteuid() == 0 else "")


async def _whole(answer: "aiohttp.ClientResponse") -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise UnreachableError(f"the agent's answer is longer than {LARGEST // 2**20} MB; this is no agent")
    return b"".join(pieces)
