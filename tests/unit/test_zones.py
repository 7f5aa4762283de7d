"""Time zones as the machine has them become data."""

import random
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from watchdog.config import inspect_rules
from watchdog.config.zones import read_zone
from watchdog.model import hours
from watchdog.model.hours import Hours, Zone

RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n    guards: {{{guards}}}\n"


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"])
def test_a_zone_is_what_its_clocks_show(name):
    """At a thousand moments of ten years, those around its changes among them, whole hours or not."""
    zone, info = read_zone(name), ZoneInfo(name)
    assert zone is not None
    draw = random.Random(7)
    moments = [draw.randrange(1_735_700_000, 2_051_200_000) for _ in range(1_000)]
    moments += [since // 1000 + shift for since in zone.since[:20] for shift in (-60, 0, 60)]
    for moment in moments:
        shown = datetime.fromtimestamp(moment, UTC).astimezone(info).replace(tzinfo=UTC)
        if moment >= zone.since[0] // 1000:
            assert zone.shown(moment * 1000) == int(shown.timestamp()) * 1000, moment


def test_the_zone_of_this_machine(tmp_path: Path):
    """Whatever its file says; UTC where it has none."""
    (tmp_path / "localtime").write_bytes(Path("/usr/share/zoneinfo/Asia/Kolkata").read_bytes())
    local = read_zone("local", here=tmp_path / "localtime")

    assert isinstance(local, Zone)
    assert (local.name, local.offsets) == ("local time", (19_800_000,))
    assert read_zone("local", here=tmp_path / "nothing") == hours.UTC
    (tmp_path / "rubbish").write_text("no zone")
    assert read_zone("local", here=tmp_path / "rubbish") is None


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe", "x" * 5_000, "a\0b"])
def test_what_is_no_zone(name):
    """Not found, not a zone, not a name that could be one: said, never raised."""
    assert read_zone(name) is None


def test_only_rules_with_hours_have_a_zone(tmp_path: Path):
    """It stands in the guards of those that need it, and nothing is looked up for the others."""
    (tmp_path / "one.yml").write_text(RULE.format(guards='hours: "22:00-06:00", zone: Europe/Berlin'))
    (tmp_path / "two.yml").write_text(RULE.replace("slow", "slower").format(guards="zone: Europe/Nowhere"))
    rules, problems = inspect_rules([tmp_path / "one.yml", tmp_path / "two.yml"])

    assert [problem.code for problem in problems if not problem.is_warning] == []
    assert rules.by_name["slow"].guards["hours"] == Hours(1_320, 360)
    assert rules.by_name["slow"].guards["zone"] == read_zone("Europe/Berlin")
    assert rules.by_name["slower"].guards["zone"] == "Europe/Nowhere"


def test_a_zone_that_nobody_knows(tmp_path: Path):
    """At the rule that has its hours by it."""
    (tmp_path / "one.yml").write_text(RULE.format(guards='hours: "22:00-06:00", zone: Europe/Nowhere'))
    (problem,) = (one for one in inspect_rules([tmp_path / "one.yml"])[1] if not one.is_warning)

    assert (problem.code, problem.span.line) == ("E518", 2)


def test_rules_with_hours_keep_what_holds_for_orders_by_hand(tmp_path):
    """A rule with hours of its own takes nothing from the settings under which people's orders are guarded."""
    (tmp_path / "rules.yml").write_text(RULE.format(guards='hours: "22:00-06:00", zone: UTC'))
    rules, problems = inspect_rules([tmp_path / "rules.yml"])

    assert problems == ()
    assert "veto" in rules.by_hand
