"""
Which rows of the audit log somebody wants to see.

The columns of the table are searched by SQLite, everything else in the text of a row: first as bytes, which costs next to nothing, then in what they say.
"""

from typing import Any, Final

import msgspec
import orjson

from watchdog.store.chain import Link
from watchdog.store.encoding import encode, whole

_NAMES: Final = ("entity", "target", "kind", "decision", "guard", "incident")


class AuditAsked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Rows that fit all of it; what is empty asks nothing.

    `since` and `until` are wall milliseconds, the first included and the other not; `first` and `last` are numbers of rows, both included. The rest are the very words of a row. `target` fits what a row says of its target, and, where it says nothing of one, of its entity.
    """

    since: int | None = None
    until: int | None = None
    first: int | None = None
    last: int | None = None
    rule: str = ""
    entity: str = ""
    target: str = ""
    kind: str = ""
    decision: str = ""
    guard: str = ""
    incident: str = ""

    @property
    def where(self) -> tuple[str, tuple[str | int, ...]]:
        """The condition in SQL, and what stands for its question marks: whatever fits fits it, and more may."""
        said: list[tuple[str, str | int]] = []
        if self.since is not None:
            said.append(("wall >= ?", self.since))
        if self.until is not None:
            said.append(("wall < ?", self.until))
        if self.rule:
            said.append(("rule = ?", whole(self.rule)))
        said += [("instr(body, ?)", encode(value).decode()) for _, value in self._words()]
        return " AND ".join(["TRUE", *(condition for condition, _ in said)]), tuple(value for _, value in said)

    def fits(self, row: Link) -> bool:
        """Whether it is asked for; one that can't be read fits, so that nobody misses that it is broken."""
        words = self._words()
        if not words:
            return True
        try:
            said: Any = orjson.loads(row.body)
        except orjson.JSONDecodeError:
            return True
        return not isinstance(said, dict) or all(value == (said.get(name) or self._else(name, said)) for name, value in words)

    def _words(self) -> list[tuple[str, str]]:
        return [(name, whole(value)) for name in _NAMES if (value := getattr(self, name))]

    @staticmethod
    def _else(name: str, said: dict[str, Any]) -> Any:
        return said.get("entity") if name == "target" else None


EVERYTHING: Final = AuditAsked()
"""All rows."""
