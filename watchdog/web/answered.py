"""What the engine says to what a person has said."""

import msgspec


class Answered(msgspec.Struct, frozen=True):
    """`outcome` and `reason` are those of the row in the audit log; `refused` says that nothing has come of it."""

    outcome: str
    reason: str

    @property
    def refused(self) -> bool:
        """Whether it was not heeded."""
        return self.outcome == "refused"
