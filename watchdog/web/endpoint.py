"""
An endpoint as data: what it is called by, what it takes and gives. The router, the OpenAPI document and the reference are made of these, so none of them can differ.

A new endpoint is a function in a file of its own under `views/` or `orders/`, and a line in `endpoints.py`.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from watchdog.web.inside import Inside


class Method(StrEnum):
    """GET looks and changes nothing; POST says something."""

    GET = "get"
    POST = "post"


class Param(msgspec.Struct, frozen=True):
    """
    One parameter of the query (GET) or field of the body (POST, JSON or a form): `schema` as in JSON Schema.

    Whatever does not fit its schema is answered with 400 and a sentence, before the endpoint is called; a number comes as an int.
    """

    name: str
    doc: str
    schema: Mapping[str, Any] = msgspec.field(default_factory=lambda: {"type": "string"})
    required: bool = False
    in_path: bool = False


class Caller(msgspec.Struct, frozen=True):
    """
    Who calls: `name` as the audit log says it, empty for somebody who only looks; `channel` is `local` on the unix socket, `page` on TCP.

    `may_change` says that what is said is passed on; `may_arm` that this is the machine itself, where also what is dangerous may be said.
    """

    name: str = ""
    channel: str = "page"
    may_change: bool = False
    may_arm: bool = False


class Call(msgspec.Struct, frozen=True):
    """One call: `values` has the parameters that were given, checked; `key` is what the caller gave so that what is sent twice is heard once."""

    inside: Inside
    caller: Caller
    values: Mapping[str, Any]
    key: str = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """
    `path` is below `/api/v1`, with `{name}` for a parameter in it. `answer` is the struct that `run` gives, which becomes JSON. `example` is a whole path with its query, or a body of JSON, that a test sends.

    `run` raises one of `failures.py`, as `NotThereError` (404) and `NotNowError` (409), or `StoreError` (503), each with a sentence for people; it must not block: what reads the store or the trace does it on a thread.
    """

    method: Method
    path: str
    doc: str
    answer: Any
    run: Callable[[Call], Awaitable[Any]]
    params: tuple[Param, ...] = ()
    machine_only: bool = False
    example: str = ""

    @property
    def called(self) -> str:
        """An example of a call: what stands behind `/api/v1`, or the body of what is said; `example` where that is not plain."""
        return self.example or self.path
