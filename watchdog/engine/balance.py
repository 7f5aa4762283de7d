"""
What became of the jobs that a process held, as numbers.

The counterpart of `report.balance`, which says the same to people: a test proves that the two agree.
"""

from watchdog.engine.incidents import Flight
from watchdog.model.flight import Balance, Fate, PlaceKind


def in_numbers(flight: Flight) -> Balance:
    """Of a run that is over."""
    held = {job.jid for job in flight.jobs}
    given = set(flight.given) - held
    in_flight = {*flight.seen, *held, *given}
    fates = {one.jid: one.fate for one in flight.placed}
    done = [one.kind for one in flight.plan or () if fates.get(one.jid) is Fate.DONE]
    settled = {jid for jid, fate in fates.items() if fate is not Fate.LOST}
    return Balance(
        finished=len(in_flight - held - given),
        given_back=len(given),
        put_back=sum(kind is not PlaceKind.QUARANTINE for kind in done),
        quarantined=sum(kind is PlaceKind.QUARANTINE for kind in done),
        left=sum(fate is Fate.FOUND for fate in fates.values()),
        not_put_back=0 if flight.plan is None else len(held - settled),
        unnamed=flight.unnamed,
    )
