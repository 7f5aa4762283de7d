"""Which texts are of which type."""

import pytest

from tests.unit.commands.definitions import GOOD, TYPE_OF, definitions
from tests.unit.commands.hostile import HOSTILE, OF_A_TYPE
from watchdog.model.named.arguments import TYPES, Bounds, can_be_chosen, fits, shown
from watchdog.model.named.definitions import argument_list, why_not

TELL = definitions().commands["tell"]


@pytest.mark.parametrize("name", TYPES)
def test_examples(name):
    """The example of each type is of it."""
    bounds = Bounds(choices=(TYPES[name].example,))

    assert fits(name, TYPES[name].example, bounds)


def test_every_type_is_tried():
    """The command of these tests has an argument of each."""
    assert set(TYPE_OF.values()) == set(TYPES)


@pytest.mark.parametrize("why", HOSTILE)
@pytest.mark.parametrize("argument", GOOD)
def test_hostile_values(why, argument):
    """None is of any type, and so is never part of an argument list; the few that are harmless texts of another type are named."""
    value = HOSTILE[why]
    is_fine = TYPE_OF[argument] in OF_A_TYPE.get(why, ())

    refusal = why_not(TELL, {**GOOD, argument: value})
    assert (refusal == "") is is_fine
    assert is_fine or refusal.startswith(f"the argument {argument} of tell is no {TYPE_OF[argument]}: ")


def test_the_table_is_large_enough():
    """More than thirty, and all differ."""
    assert len(set(HOSTILE.values())) == len(HOSTILE) > 70


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_was_refused_is_told_harmlessly(value):
    """In a line of ASCII, short, without a sign that anything could mistake."""
    told = shown(value).removesuffix("…")

    assert told.isascii()
    assert len(told) <= 40 * len("\\u0000")
    assert all(sign.isalnum() or sign in " .:_-\\" for sign in told)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "a.b"), ("domain", "xn--mnchen-3ya.example"), ("domain", "4.example"), ("domain", "a-b.c-d.e2"), ("domain", "x" * 63 + ".social"),
        ("class", "A"), ("class", "PushUpdateWorker"), ("class", "A::B2::C_d"),
        ("queue", "default"), ("queue", "mastodon_push-2"), ("queue", "a.b"), ("queue", "_"),
        ("jid", "0" * 24), ("count", "0"), ("count", "999999999"), ("duration", "3600"),
    ],
)  # fmt: skip
def test_good_values(kind, value):
    """What Sidekiq and Mastodon really have."""
    assert fits(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "localhost"), ("domain", "a-.social"), ("domain", "1.2.3.4"), ("domain", "a.123"), ("domain", ".".join(["abc"] * 70)),
        ("class", "worker"), ("class", "A:B"), ("class", "A::b"), ("class", "Ä"), ("queue", "Default"), ("queue", "a b"), ("queue", "."), ("queue", "-a"),
        ("jid", "0" * 23), ("jid", "0" * 25), ("jid", "G" * 24), ("jid", "A" * 24), ("count", "00"), ("count", "01"), ("count", "1000000000"), ("count", ""),
        ("duration", "90s"), ("choice", "x"), ("domain", None), ("count", 5), ("choice", ["x"]),
    ],
)  # fmt: skip
def test_bad_values(kind, value):
    """What is near, and is not."""
    assert not fits(kind, value)


def test_bounds():
    """A count has its least and most, a choice its choices."""
    assert [fits("count", text, Bounds(2, 4)) for text in "12345"] == [False, True, True, True, False]
    assert [fits("choice", text, Bounds(choices=("a", "b"))) for text in "abc"] == [True, True, False]


@pytest.mark.parametrize("text", ["", "-a", "--", "a b", "a/b", "a..b", "../a", "a\n", "ä", "$a", "a'", "a" * 70, 5, None])
def test_choices(text):
    """Nor can root allow one by mistake that is an option or a path."""
    assert not can_be_chosen(text)


def test_what_is_given_with_a_command():
    """All arguments and no others."""
    assert why_not(TELL, GOOD) == ""
    assert why_not(TELL, {name: value for name, value in GOOD.items() if name != "jid"}) == "the argument jid of tell is missing"
    assert why_not(TELL, {**GOOD, "-x\n": "y"}) == "tell has no argument -x\\u000a"


def test_the_argument_list():
    """Each value is within one word, alone or behind its option."""
    assert argument_list(TELL, GOOD) == [
        "/usr/bin/tell", "example.social", "--class=ActivityPub::DeliveryWorker", "--queue=ingress", "--jid=4caa72fe18d4b6a0d19e77c3", "--count=5",
        "--for=90", "--how=fast",
    ]  # fmt: skip
