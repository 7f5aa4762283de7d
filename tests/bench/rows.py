"""One line of what `make bench` prints; every `bench_*.py` returns a list of these from its `main()`."""

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    One measured figure.

    `beside` is the same measure, in the same unit, of what it is compared with (`beside_what`: hand-written
    code, Redis alone, Sidekiq's own API), taken in the same run on the same machine: the ratio means
    something on another machine, the figure alone does not. `goal` is free text (`≤ 1.5 ×`).
    """

    what: str
    value: float
    unit: str
    beside: float | None = None
    beside_what: str = ""
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure over what stands beside it; None where there is nothing to divide by."""
        return self.value / self.beside if self.beside else None
