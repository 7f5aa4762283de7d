"""How much of anything is taken: connections, streams, bytes, seconds."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    Of one server. Times are seconds, `body` bytes.

    A connection has `head` to send the first line and all headers, from its beginning and again from each answer `idle`; then the answer must be there within `whole`, and that it took too long be said within `grace`. `line` is that of the longest question that the API takes. `connections` holds for the socket and
    the page apart, so that nobody from outside keeps the machine itself from asking. `wrong_tokens` may be tried at once by an address, then one each `wrong_every`; it may ask `burst` times at once,
    then `rate` times a second; a person may say `said_burst` things at once by the page, then `said_rate` a second. Of `addresses` so much is remembered at most.
    """

    connections: int = 200
    streams: int = 100
    body: int = 16_384
    line: int = 40_960
    header: int = 8_190
    headers: int = 64
    head: float = 10.0
    idle: float = 15.0
    whole: float = 30.0
    grace: float = 2.0
    session: float = 12 * 3_600.0
    sessions: int = 500
    wrong_tokens: int = 5
    wrong_every: float = 20.0
    burst: int = 400
    rate: float = 40.0
    said_burst: int = 30
    said_rate: float = 0.5
    addresses: int = 2_048
    retry: float = 5.0
