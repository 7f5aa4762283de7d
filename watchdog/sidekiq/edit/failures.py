"""
Why an edit could not be made: surely not made, or made or not and nobody can tell.

The counterpart of `sidekiq.failures`, which speaks of reading. No text ever holds anything of a job.
"""

import re
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.sidekiq.failures import SENTENCES, ServerError, SourceUnavailableError

_SENTENCES: Final[dict[str, str]] = {
    "noperm": "the configured Redis user may not move jobs; packaging/redis.acl lists the rights that it needs",
    "wrongtype": "a key that Sidekiq uses holds something else than Sidekiq's data",
    "error": "Redis refused to move a job",
    "fenced": "the lock of the fleet was lost meanwhile, so nothing is written before it is held again",
}
_HINTS: Final[dict[str, str]] = {
    "readonly": "the configured URL must be that of the master",
    "oom": "free memory or raise `maxmemory`",
    "misconf": "see Redis' log for why it can't save",
}
# Up to 6.2 Redis puts words of its own before those of a command that failed inside a script.
_WORD: Final = re.compile(r"\b(READONLY|OOM|MISCONF|NOPERM|WRONGTYPE|LOADING|MASTERDOWN|BUSY|NOAUTH|CLUSTERDOWN|MOVED|FENCED)\b")
_CODES: Final = {"NOAUTH": "noauth", "CLUSTERDOWN": "cluster", "MOVED": "cluster"}
_NO_RIGHT: Final = ("can't run this command", "ACL failure in script")
"""What a script is told that does a thing that its user may not: up to Redis 7.0, and later."""
_TELLING: Final = frozenset({"noperm", "error"})
_SHOWN: Final = 200


class EditError(WatchdogError):
    """A job could not be moved: `code` is one word for programs, `message` the sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotEditedError(EditError):
    """Nothing was changed. It can be asked again."""


class MaybeEditedError(EditError):
    """The connection was lost before the answer came. To ask again with the same token is safe, and tells."""


def refused(error: ServerError, where: str) -> NotEditedError:
    """What an error reply to a script means. Scripts here fail before they have changed anything, or take it back."""
    text = str(error)
    found = _WORD.search(text)
    code = _CODES.get(found[1], found[1].lower()) if found else "noperm" if any(words in text for words in _NO_RIGHT) else "error"
    sentence = _SENTENCES.get(code) or SENTENCES[code].format(where=where)
    # What Redis quotes of the arguments of a command that it does not know could be a job's.
    shown = text.partition(", with args")[0][:_SHOWN] if code in _TELLING else _HINTS.get(code, "")
    return NotEditedError(code, f"{sentence}: {shown}" if shown else sentence)


def never_asked(failure: SourceUnavailableError) -> NotEditedError:
    """There was no connection on which to ask."""
    return NotEditedError(failure.code, failure.message)


def never_answered(failure: SourceUnavailableError) -> MaybeEditedError:
    """It was asked, and then the connection was lost."""
    return MaybeEditedError(failure.code, f"{failure.message}; whether the job was moved is not known until it is asked again")
