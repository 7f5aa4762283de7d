"""Literals with units, read and shown; values for people."""

import pytest

from watchdog.lang.display import display
from watchdog.lang.literal import read_literal, show_literal
from watchdog.lang.text import Text
from watchdog.model.kinds import Type

D, S, R, V, C, K, B = Type.DURATION, Type.SIZE, Type.RATIO, Type.RATE, Type.COUNT, Type.CORES, Type.BOOL


@pytest.mark.parametrize(
    ("text", "type_", "value", "shown"),
    [
        ("500ms", D, 500, "500ms"),
        ("20s", D, 20_000, "20s"),
        ("90s", D, 90_000, "90s"),
        ("60s", D, 60_000, "1m"),
        ("10m", D, 600_000, "10m"),
        ("1.5h", D, 5_400_000, "90m"),
        ("1h30m", D, 5_400_000, "90m"),
        ("1d2h3m4s5ms", D, 93_784_005, "93784005ms"),
        ("7d", D, 604_800_000, "7d"),
        ("0", D, 0, "0s"),
        ("0s", D, 0, "0s"),
        ("500B", S, 500, "500B"),
        ("95MB", S, 95_000_000, "95MB"),
        ("2GiB", S, 2**31, "2GiB"),
        ("1.5kB", S, 1500, "1500B"),
        ("1.1GiB", S, 1_181_116_006, "1181116006B"),
        ("0", S, 0, "0B"),
        ("95%", R, 0.95, "95%"),
        ("12.5%", R, 0.125, "12.5%"),
        ("150%", R, 1.5, "150%"),
        ("0.1%", R, 0.001, "0.1%"),
        ("0", R, 0.0, "0%"),
        ("5/s", V, 5.0, "5/s"),
        ("100/m", V, 100 / 60, "100/m"),
        ("3/h", V, 3 / 3600, "3/h"),
        ("3/1h", V, 3 / 3600, "3/h"),
        ("10/5m", V, 10 / 300, "2/m"),
        ("2MB/s", V, 2e6, "2000000/s"),
        ("0.3/s", V, 0.3, "18/m"),
        ("42", C, 42, "42"),
        ("42.0", C, 42, "42"),
        ("2", K, 2.0, "2"),
        ("1.5", K, 1.5, "1.5"),
        ("true", B, True, "true"),
        ("false", B, False, "false"),
        ("any text: at all", Type.STRING, "any text: at all", "any text: at all"),
        ('["push", "a\\"b"]', Type.STRINGS, ("push", 'a"b'), '["push", "a\\"b"]'),
    ],
)
def test_a_literal_is_read_and_shown_as_the_same_value(text: str, type_: Type, value: object, shown: str):
    """What a setting says becomes the unit that its type is held in, and what is shown can be written back."""
    found, problems = read_literal(Text(text, "f"), type_)
    assert found is not None
    assert (found, problems) == (value, ())
    assert type(found) is type(value)
    assert show_literal(found, type_) == shown
    assert read_literal(Text(shown, "f"), type_)[0] == value


@pytest.mark.parametrize(
    ("text", "type_", "code", "hint"),
    [
        ("20", D, "E217", "a number needs a unit here: 20s"),
        ("95", R, "E217", "a number needs a unit here: 95%"),
        ("0.95", R, "E217", "a number needs a unit here: 95%"),
        ("95", S, "E217", "a number needs a unit here: 95MB"),
        ("5", V, "E217", "a number needs a unit here: 5/s"),
        ("5/0s", V, "E217", "write it like 5/s"),
        ("5MB", D, "E217", "write it like 20s"),
        ("10 m", D, "E306", "write 10m"),
        ("10 minutes", D, "E305", "write 10m"),
        ("10min", D, "E305", "write 10m"),
        ("-5s", D, "E217", "write it like 20s"),
        ("5s + 5s", D, "E217", "write it like 20s"),
        ("1.5", C, "E217", "write it like 5"),
        ("5s", C, "E217", "write it like 5"),
        ("yes", B, "E217", "write true"),
        ("off", B, "E217", "write false"),
        ("1", B, "E217", "write true or false"),
        ('"true"', B, "E217", "write true or false"),
        ("push", Type.STRINGS, "E217", 'write it like ["push", "pull"]'),
        ("", D, "E318", "write an expression, or leave it out"),
    ],
)
def test_a_wrong_literal_is_told_how_to_write_it(text: str, type_: Type, code: str, hint: str):
    """A setting of the wrong type or without unit is one problem with a hint."""
    value, problems = read_literal(Text(text, "f"), type_)
    assert value is None
    assert [(problem.code, problem.hint) for problem in problems] == [(code, hint)]


@pytest.mark.parametrize(
    ("value", "type_", "shown"),
    [
        (None, D, "?"),
        (0, D, "0s"),
        (850, D, "850ms"),
        (5_900, D, "5s"),
        (725_000, D, "12m 5s"),
        (3_600_000, D, "1h"),
        (3_605_000, D, "1h"),
        (97_200_000, D, "1d 3h"),
        (-5_000, D, "-5s"),
        (999, S, "999 B"),
        (1536, S, "1.5 KiB"),
        (1_610_612_736, S, "1.5 GiB"),
        (2**20 - 1, S, "1 MiB"),
        (2**63, S, "8,192 PiB"),
        (-2048, S, "-2 KiB"),
        (0.95, R, "95 %"),
        (0.125, R, "12.5 %"),
        (0.00012, R, "0.012 %"),
        (5 / 3, V, "1.7/s"),
        (1_234_567, C, "1,234,567"),
        (2.5, C, "2.5"),
        (1.5, K, "1.5 cores"),
        (True, B, "yes"),
        (False, B, "no"),
        ("push", Type.STRING, "push"),
        (("push", "pull"), Type.STRINGS, "push, pull"),
    ],
)
def test_values_are_shown_to_people_in_round_words(value: object, type_: Type, shown: str):
    """A message says `12m 5s`, not 725,000 milliseconds."""
    assert display(value, type_) == shown


def test_a_value_that_is_no_number_is_not_shown_as_one():
    """A mistake of the program is not written into a config."""
    with pytest.raises(TypeError):
        show_literal("5", Type.COUNT)
