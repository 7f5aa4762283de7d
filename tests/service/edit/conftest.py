"""Every server that this machine has, each with the edits of one test on it, and payloads that a round trip through JSON would change."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest

from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.put_back import Place, PutBackOutcome, Token, ToQueue, put_back
from watchdog.sidekiq.keys import Keys

JID: Final = "0123456789abcdef01234567"
OTHER: Final = "fedcba9876543210fedcba98"
PAYLOADS: Final[dict[str, bytes]] = {
    "ordinary": b'{"retry":true,"queue":"push","class":"A","args":[1],"jid":"%s","created_at":1795354499.1}' % JID.encode(),
    "order": b'{"jid":"%s","args":[],"zz":1,"class":"A","queue":"push"}' % JID.encode(),
    "blanks": b'{ "class" : "A",\n\t"args": [ ], "jid" : "%s" , "queue":"push"}' % JID.encode(),
    "twice": b'{"class":"A","class":"B","args":[1],"args":[2],"jid":"%s","jid":"%s","queue":"push"}' % (OTHER.encode(), JID.encode()),
    "numbers": b'{"class":"A","args":[1.0e+20,1.0e-07,9007199254740993,-0.0,123456789012345678901234567890],"jid":"%s"}' % JID.encode(),
    "escapes": '{"class":"A","args":["é\\u00e9\\/\\ud83d\\ude00\u2028"],"jid":"'.encode() + JID.encode() + b'"}',
    "not UTF-8": b'{"class":"A","args":["\xff\xfe\x80"],"jid":"%s"}' % JID.encode(),
    "NUL": b'{"class":"A","args":["\x00\r\n$5\r\n"],"jid":"%s"}' % JID.encode(),
    "deep": b'{"class":"A","args":' + b"[" * 2000 + b"]" * 2000 + b',"jid":"%s"}' % JID.encode(),
    "5 MB": b'{"class":"A","args":["' + b"x" * 5_000_000 + b'"],"jid":"%s"}' % JID.encode(),
    "no JSON": b"\x00\x01 this is no job",
}
"""What a job may look like, by what is odd about it."""

TOKEN: Final = Token("412.0", JID)
LOST_BY: Final = "vm:100:aaaaaaaaaaaa"


async def ask(
    edits: Edits,
    *,
    token: Token = TOKEN,
    payload: bytes = PAYLOADS["ordinary"],
    queue: str = "push",
    place: Place | None = None,
    lost_by: str = LOST_BY,
    unseen_for: int = 60_000,
    leaves_dead_set: bool = False,
    by_bytes_alone: bool = False,
) -> PutBackOutcome:
    """Put a job back, by default the ordinary one into its queue."""
    return await put_back(
        edits,
        token=token,
        payload=payload,
        queue=queue,
        place=place or ToQueue(),
        lost_by=lost_by,
        unseen_for=unseen_for,
        leaves_dead_set=leaves_dead_set,
        by_bytes_alone=by_bytes_alone,
    )


@pytest.fixture
async def editing() -> AsyncIterator[Callable[..., Edits]]:
    """Makes edits of a URL, under a namespace if one is given."""
    made: list[Edits] = []

    def make(url: str, *, namespace: str = "", answer_within: float = 3.0) -> Edits:
        made.append(Edits(url=url, keys=Keys(namespace=namespace), answer_within=answer_within))
        return made[-1]

    yield make
    for one in made:
        one.close()
