"""The proof that something helped: what counts towards its end, and what does not."""

import pytest

from watchdog.engine.alerts import Truth
from watchdog.engine.incidents import Proof
from watchdog.engine.proof import UNVERIFIED, VERIFIED, advance_proof, begin

OPEN = Proof(counted=3_000, counted_at=10_000, counting=True)
HALTED = Proof(counted=3_000, counted_at=10_000, counting=False)


@pytest.mark.parametrize("proof", [begin(10_000), OPEN, HALTED])
def test_what_is_true_is_proven_at_once(proof):
    """However long it was false."""
    assert advance_proof(proof, Truth.TRUE, at=99_000, within=1_000).outcome == VERIFIED


@pytest.mark.parametrize(
    ("proof", "at", "outcome", "due"),
    [
        (OPEN, 14_000, "", 17_000),
        (OPEN, 16_999, "", 17_000),
        (OPEN, 17_000, UNVERIFIED, None),
        (HALTED, 50_000, "", 57_000),
        (begin(10_000), 10_000, "", 20_000),
    ],
)
def test_only_time_in_which_it_was_false_counts(proof, at, outcome, due):
    """Ten seconds of it, wherever they began."""
    progress = advance_proof(proof, Truth.FALSE, at=at, within=10_000)

    assert (progress.outcome, progress.due) == (outcome, due)


@pytest.mark.parametrize("truth", [Truth.UNKNOWN, Truth.GONE])
def test_what_is_unknown_proves_nothing(truth):
    """The time stands still; what has been counted is kept."""
    halted = advance_proof(OPEN, truth, at=15_000, within=10_000)

    assert (halted.outcome, halted.due, halted.proof) == ("", None, Proof(8_000, 15_000, counting=False))
    assert advance_proof(halted.proof, truth, at=99_000, within=10_000).proof is halted.proof


def test_nothing_new_is_no_new_proof():
    """The ledger is written only when something in it changes."""
    assert advance_proof(OPEN, Truth.FALSE, at=12_000, within=10_000).proof is OPEN
