"""Names of units and the paths that D-Bus knows them under; expected paths are those that a real systemd gave (257)."""

import pytest

from watchdog.host.systemd.names import path_of
from watchdog.model.template_names import template_of
from watchdog.model.unit_names import meant, possible


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("mastodon-sidekiq@push.service", "mastodon_2dsidekiq_40push_2eservice"),
        (r"a\x2db.service", "a_5cx2db_2eservice"),
        ("9to5.service", "_39to5_2eservice"),
        ("x_y:z.service", "x_5fy_3az_2eservice"),
        ("", "_"),
    ],
)
def test_paths(name, path):
    """Everything but letters and digits is written as its number, and a digit in front, too."""
    assert path_of(name) == f"/org/freedesktop/systemd1/unit/{path}"


@pytest.mark.parametrize("name", ["a.service", "a@b.service", r"a\x2d@b:c_d.service", "a" * 247 + ".service"])
def test_possible_names(name):
    """What systemd itself would take."""
    assert possible(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".service",
        "a",
        "a.timer",
        "a@.service",
        "@b.service",
        "a/b.service",
        "a'b.service",
        "a b.service",
        "ü.service",
        "a.service\n",
        "a" * 248 + ".service",
    ],
)
def test_impossible_names(name):
    """Anybody can make a control group with such a name; none gets into a match rule or a call."""
    assert not possible(name)


def test_templates():
    """The first `@` parts template and instance."""
    assert template_of("a@b@c.service") == ("a@.service", "b@c")
    assert template_of("a.service") == ("", "")


@pytest.mark.parametrize(
    ("name", "pattern", "is_meant"),
    [
        ("sidekiq@push.service", "sidekiq*", True),
        ("sidekiq.service", "sidekiq", False),
        ("sidekiq-1.service", "sidekiq-[0-9].service", True),
        (r"a\x2db.service", r"a\x2d*", True),
        ("sidekiq.timer", "sidekiq*", False),
        ("Sidekiq.service", "sidekiq*", False),
        ("my-sidekiq.service", "sidekiq*", False),
    ],
)
def test_patterns(name, pattern, is_meant):
    """The whole name, as systemd matches it: a backslash is itself, and only services are meant."""
    assert meant(name, (pattern,)) is is_meant
