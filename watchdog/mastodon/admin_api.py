"""
The API of our own Mastodon, as one of its administrators: who follows whom, and rules about domains.

Follows docs.joinmastodon.org (methods/admin/measures, methods/admin/domain_blocks, methods/instance) and the controllers of 4.0 to 4.7 where these say more. Reads are tried
again, writes never: whether one arrived is for the caller to look at. Redirects are not followed, since the token would go along; proxies of the environment are not used. Nothing
that the server writes is repeated in an error.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from watchdog.checks.tcp import plainly
from watchdog.clock import Clock
from watchdog.mastodon.api_failures import (
    FAILED,
    LIMITED,
    MISSING,
    PASSING,
    STRANGE,
    TIMEOUT,
    UNAUTHORIZED,
    UNREACHABLE,
    ApiError,
    BlockExistsError,
    failure_of,
)
from watchdog.mastodon.asking_politely import user_agent, waits_for
from watchdog.mastodon.block import Block, Severity, rule_for
from watchdog.rulefile.mastodon import MastodonSettings

WITHIN: Final = 15.0
"""Seconds for one call: an administrator's measure is a query over all follows."""
LARGEST: Final = 1_000_000
"""Bytes of an answer."""
PAGE: Final = 200
"""Rules in one page: the most that 4.0 gives (`limit_param`: twice the default)."""
MOST_PAGES: Final = 100
"""More than 20,000 rules nobody has."""
TRIES: Final = 3
VIEW_DASHBOARD: Final = "the scope admin:read, and a role with the permission to view the dashboard"
READ_BLOCKS: Final = "the scope admin:read:domain_blocks, and a role with the permission to manage federation"
WRITE_BLOCKS: Final = "the scope admin:write:domain_blocks, and a role with the permission to manage federation"
_NOTHING: Final = "no scope"
_DIGITS: Final = 15
_T = TypeVar("_T")
_BLOCKS: Final = "/api/v1/admin/domain_blocks"


class Follows(msgspec.Struct, frozen=True):
    """Between our server and another: how many there are followed from here, and how many there follow somebody here."""

    follows: int
    followers: int


class _Measure(msgspec.Struct):
    key: str
    total: str | int


class _Existing(msgspec.Struct):
    existing_domain_block: Block


class _Instance(msgspec.Struct):
    domain: str = ""
    version: str = ""


class AdminApi:
    """
    Calls of one server; used as `async with`. `clock` tells what a moment in an answer means.

    All raise `ApiError`.
    """

    def __init__(self, settings: MastodonSettings, *, clock: Clock | None = None, within: float = WITHIN) -> None:
        self._url = settings.url
        self._token = settings.token
        self._clock = clock or Clock()
        self._within = within
        self._headers = {"user-agent": user_agent(settings.domain), "accept": "application/json", "accept-encoding": "identity"}
        if urlsplit(settings.url).scheme == "http":
            # What Mastodon's nginx says to it (dist/nginx.conf): without these it sends every call to the address that browsers use.
            self._headers |= {"host": settings.domain, "x-forwarded-proto": "https"}
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"AdminApi({self._url!r})"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # Calls are hours apart: a kept connection would be closed by then.
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=self._within),
            headers=self._headers,
            # A packed answer can be a thousand times as long as what came: none is wanted, and none is unpacked.
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._session is not None  # __aenter__ made it
        await self._session.close()

    async def instance(self) -> tuple[str, str]:
        """The domain by which it calls itself, and its version. The token is sent only to one that tells nothing without: in limited federation mode it does not."""
        try:
            data = await self._read("GET", "/api/v2/instance", needs=_NOTHING, with_token=False)
        except ApiError as error:
            if error.code != UNAUTHORIZED or not self._token:
                raise
            data = await self._read("GET", "/api/v2/instance", needs="any scope")
        said = _decode(data, _Instance)
        return said.domain, said.version

    async def follows(self, host: str) -> Follows:
        """The follows to and from that domain as they stand."""
        today = datetime.fromtimestamp(self._clock.wall() / 1000, UTC).date().isoformat()
        # The period is wanted by the call; these two totals do not depend on it.
        form = [
            ("keys[]", "instance_follows"),
            ("keys[]", "instance_followers"),
            ("start_at", today),
            ("end_at", today),
            ("instance_follows[domain]", host),
            ("instance_followers[domain]", host),
        ]
        data = await self._read("POST", "/api/v1/admin/measures", needs=VIEW_DASHBOARD, form=form)
        totals = {one.key: _count(one.total) for one in _decode(data, list[_Measure])}
        if not {"instance_follows", "instance_followers"} <= totals.keys():
            raise _strange()
        return Follows(totals["instance_follows"], totals["instance_followers"])

    async def existing_block(self, domain: str) -> Block | None:
        """The rule that holds for that domain: its own, else that of the narrowest domain above it."""
        return rule_for(domain, await self.blocks())

    async def blocks(self) -> tuple[Block, ...]:
        """All rules, page by page."""
        found: list[Block] = []
        query = {"limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            before: dict[str, str] = {}
            data = await self._read("GET", _BLOCKS, needs=READ_BLOCKS, query=query, links=before)
            found += _decode(data, list[Block])
            if "max_id" not in before or before["max_id"] == query.get("max_id"):
                return tuple(found)
            query = {"limit": str(PAGE), "max_id": before["max_id"]}
        raise _strange()

    async def block(self, id_: str) -> Block | None:
        """That rule, as it stands; None where it is gone."""
        try:
            return _decode(await self._read("GET", f"{_BLOCKS}/{_id(id_)}", needs=READ_BLOCKS), Block)
        except ApiError as error:
            if error.code == MISSING:
                return None
            raise

    async def may_read_blocks(self) -> None:
        """Returns where rules about domains may be read: that takes the same permission as to write them."""
        await self._read("GET", _BLOCKS, needs=READ_BLOCKS, query={"limit": "1"})

    async def may_write_blocks(self) -> None:
        """Returns where the token has the scope to write them. Nothing is written: no rule has the id 0, which is looked for only after the scope was found to be enough."""
        try:
            await self._call("PUT", f"{_BLOCKS}/0", needs=WRITE_BLOCKS, form=[("severity", "noop")])
        except ApiError as error:
            if error.code != MISSING:
                raise

    async def create_block(
        self,
        domain: str,
        severity: Severity,
        *,
        reject_media: bool = False,
        reject_reports: bool = False,
        obfuscate: bool = False,
        private_comment: str = "",
        public_comment: str = "",
    ) -> Block:
        """A new rule. Raises `BlockExistsError` where one stands in its way."""
        form = [
            ("domain", domain),
            ("severity", severity),
            ("reject_media", _flag(reject_media)),
            ("reject_reports", _flag(reject_reports)),
            ("obfuscate", _flag(obfuscate)),
            ("private_comment", private_comment),
            ("public_comment", public_comment),
        ]
        return _decode(await self._call("POST", _BLOCKS, needs=WRITE_BLOCKS, form=form), Block)

    async def change_block(self, id_: str, severity: Severity, *, reject_media: bool = False) -> Block:
        """That rule with another severity, and with media rejected where that is said; what else it says stays. Raises `ApiError` with `missing` where it is gone."""
        form = [("severity", severity), *([("reject_media", "true")] if reject_media else [])]
        return _decode(await self._call("PUT", f"{_BLOCKS}/{_id(id_)}", needs=WRITE_BLOCKS, form=form), Block)

    async def remove_block(self, id_: str) -> None:
        """That rule is no more. Raises `ApiError` with `missing` where it was gone before."""
        await self._call("DELETE", f"{_BLOCKS}/{_id(id_)}", needs=WRITE_BLOCKS)

    async def _read(self, method: str, path: str, **how: Any) -> bytes:
        """As `_call`, and once more where that may help."""
        tries = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=1, max=10),
            reraise=True,
        )
        return await tries(self._call, method, path, **how)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        needs: str,
        form: Sequence[tuple[str, str]] | None = None,
        query: Mapping[str, str] | None = None,
        with_token: bool = True,
        links: dict[str, str] | None = None,
    ) -> bytes:
        assert self._session is not None  # used as `async with`
        headers = {"authorization": f"Bearer {self._token}"} if with_token else {}
        try:
            async with self._session.request(
                method, self._url + path, data=None if form is None else list(form), params=query, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                body = await _whole(response)
                if 200 <= status < 300:
                    if links is not None and (before := _before(response.headers.get("link", ""))):
                        links["max_id"] = before
                    return body
                after = waits_for(response.headers, wall=self._clock.wall())
        except TimeoutError:
            raise ApiError(TIMEOUT, f"Mastodon did not answer within {self._within:g} s") from None
        except aiohttp.ClientConnectorCertificateError:
            raise ApiError(UNREACHABLE, "the certificate that answers at `mastodon: {url}` is not accepted") from None
        except aiohttp.ClientConnectorDNSError:
            raise ApiError(UNREACHABLE, "the host of `mastodon: {url}` can't be resolved") from None
        except aiohttp.ClientConnectorError as error:
            raise ApiError(UNREACHABLE, f"no connection to Mastodon: {plainly(error.os_error)}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ApiError(FAILED, f"no proper answer of Mastodon: {type(error).__name__}") from None
        raise _refusal(status, body) or failure_of(status, needs=needs, after=after)


def _may_pass(error: BaseException) -> bool:
    # One that asks to be left alone is left alone.
    return isinstance(error, ApiError) and error.code in PASSING - {LIMITED}


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        if not response.ok:
            return b""
        raise ApiError(STRANGE, "an answer of Mastodon is packed, although that was not wanted")
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST:
            response.close()
            raise ApiError(STRANGE, f"an answer of Mastodon is longer than {LARGEST:,} bytes")
    return bytes(body)


def _refusal(status: int, body: bytes) -> ApiError | None:
    """What a 422 says beyond its number."""
    if status != 422:
        return None
    try:
        return BlockExistsError(msgspec.json.decode(body, type=_Existing).existing_domain_block)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _before(link: str) -> str | None:
    """`max_id` of the page that comes next. Only that is taken: the address is our own."""
    for part in link.split(","):
        target, _, relation = part.partition(";")
        if relation.replace(" ", "").strip() in {'rel="next"', "rel=next"}:
            values = parse_qs(urlsplit(target.strip().removeprefix("<").removesuffix(">")).query).get("max_id", [])
            return values[0] if values and _is_id(values[0]) else None
    return None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20


def _id(text: str) -> str:
    # It came from an answer, and becomes part of an address.
    if not _is_id(text):
        raise _strange()
    return text


def _count(total: str | int) -> int:
    # Mastodon says it as text. What is no count of anything must not get into a reading.
    number = int(total) if isinstance(total, int) or (total.isascii() and total.isdecimal() and len(total) <= _DIGITS) else -1
    if not 0 <= number < 10**_DIGITS:
        raise _strange()
    return number


def _flag(yes: bool) -> str:  # noqa: FBT001  (a form knows words only)
    return "true" if yes else "false"


def _strange() -> ApiError:
    return ApiError(STRANGE, "an answer of Mastodon is not what its documentation says")


def _decode(data: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise _strange() from None
