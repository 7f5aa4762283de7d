"""One account beside another: what belongs together, and how much is looked at to find that."""

import random

import pytest

from watchdog.replay import differences as module
from watchdog.replay.account import Account, Decision, Firing
from watchdog.replay.differences import NEAR, SAME, What, differences

MANY = 2_000


def firings(count: int, *, begin: int, every: int = 10_000, lasts: int = 1_000) -> Account:
    """Of one rule on one entity, again and again."""
    return Account(firings=tuple(Firing("r", "e", begin + at * every, begin + at * every + lasts) for at in range(count)))


def decisions(count: int, *, begin: int, every: int = 10_000) -> Account:
    """About one target, again and again."""
    return Account(decisions=tuple(Decision("r", "t", "a", begin + at * every, "DENY", "cooldown", "") for at in range(count)))


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        (firings(MANY, begin=0), firings(MANY, begin=5_000), 0),
        (firings(MANY, begin=0), firings(MANY, begin=SAME), MANY),
        (firings(MANY, begin=0, lasts=9_000), firings(MANY, begin=3 * MANY * 10_000), 0),
        (decisions(MANY, begin=0), decisions(MANY, begin=NEAR), MANY),
        (decisions(MANY, begin=0), decisions(MANY, begin=2 * MANY * 10_000), 0),
        (decisions(MANY, begin=0, every=2 * NEAR + 2), decisions(MANY, begin=NEAR + 1, every=2 * NEAR + 2), 0),
    ],
    ids=["firings apart", "the same firings", "firings later", "decisions in time", "decisions later", "decisions apart"],
)
def test_a_rule_that_flaps_is_compared_in_one_pass(monkeypatch, here, there, same):
    """Each is laid beside those of its own time, and not beside all that there ever were: a week of it would take minutes."""
    looked = 0

    def counting(judge):
        def count(*given):
            nonlocal looked
            looked += 1
            return judge(*given)

        return count

    for name in ("_overlap", "_is_over", "_has_begun", "_is_long_ago", "_is_near"):
        monkeypatch.setattr(module, name, counting(getattr(module, name)))
    found = differences(here, there)
    assert (found.same, len(found.found)) == (same, 2 * (MANY - same))
    assert looked < 50 * MANY


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_whoever_looks_at_all_of_them_finds(seed):
    """Firings that last, flap and go on for ever, in both accounts: each belongs to the first of the others that it overlaps and that is not taken."""
    chance = random.Random(seed)

    def some() -> list[Firing]:
        begins = sorted(chance.randrange(300_000) for _ in range(30))
        return [
            Firing("r", "e", begin, chance.choice([None, begin + chance.randrange(20_000), begin + chance.randrange(1_000)]))
            for begin in begins
        ]

    mine, theirs = some(), some()
    found = differences(Account(firings=tuple(mine)), Account(firings=tuple(theirs)))
    left, alone = list(theirs), 0
    for one in mine:
        other = next((other for other in left if module._overlap(one, other)), None)
        if other is None:
            alone += 1
        else:
            left.remove(other)
    assert sum(one.what is What.ONLY_HERE for one in found.found) == alone
    assert sum(one.what is What.ONLY_THERE for one in found.found) == len(left)
