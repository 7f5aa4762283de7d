"""Files of the application as they are on the disk, become readings: what is told, when, and that no value ever is."""

import os
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.mastodon.settings_source import LARGEST, NO_FOLDER, ExpectedSettings
from watchdog.model.events import Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.rulefile.expected import ExpectedSetting

POOL = ExpectedSetting("pool", ".env.production", "DB_POOL", "hush-25")
CRON = ExpectedSetting("listened", "config/sidekiq.yml", "scheduler.listened_queues_only", "true")


class Told:
    """The source with what it has told."""

    def __init__(self, folder, *expected):
        self.folder = folder
        self.bodies: list[Any] = []
        self.source = ExpectedSettings(
            {one.name: one for one in expected}, folder=lambda: self.folder, clock=Clock(), emit=self.bodies.append
        )

    async def look(self, **how):
        """What one look tells."""
        self.bodies.clear()
        await self.source.look(**how)
        return list(self.bodies)


def write(path, text, *, at=1_000_000_000):
    """A file that was last written then (seconds since 1970)."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))


def readings(body):
    """Setting → present and as expected, of those that are told."""
    return {
        delta.id: {slot: delta.fields[slot] for slot in ("present", "as_expected") if slot in delta.fields}
        for delta in body.changes
        if isinstance(delta, Delta)
    }


async def test_what_is_told_of_a_setting(tmp_path):
    """At first everything; then what has changed, and nothing while nothing does. What it holds stands nowhere."""
    write(tmp_path / ".env.production", "DB_POOL=hush-25\n")
    told = Told(tmp_path, POOL)

    (first,) = await told.look()
    assert (first.source, first.complete) == (Source.SETTINGS, True)
    assert readings(first) == {"pool": {"present": True, "as_expected": True}}
    assert await told.look() == []

    write(tmp_path / ".env.production", "DB_POOL=hush-26\n", at=1_000_000_100)
    (second,) = await told.look()
    assert readings(second) == {"pool": {"as_expected": False}}
    (tmp_path / ".env.production").unlink()
    (third,) = await told.look()
    assert readings(third) == {"pool": {"present": False}}
    assert "hush" not in repr([first, second, third, POOL])


async def test_how_long_ago_it_was_written(tmp_path):
    """In the time of the engine, and never in the future."""
    now = Clock().wall()
    write(tmp_path / ".env.production", "DB_POOL=1\n", at=now // 1000 - 3_600)
    write(tmp_path / "config" / "sidekiq.yml", "a: 1\n", at=now // 1000 + 3_600)
    told = Told(tmp_path, POOL, CRON)

    (body,) = await told.look()
    changed = {delta.id: Clock().at() - delta.fields["changed_at"] for delta in body.changes}
    assert 3_599_000 <= changed["pool"] <= 3_605_000
    assert 0 <= changed["listened"] <= 5_000


async def test_one_of_two_files_can_not_be_read(tmp_path, caplog):
    """What is in the other is known all the same; the log says why, once."""
    write(tmp_path / ".env.production", "DB_POOL=hush-25\n")
    write(tmp_path / "config" / "sidekiq.yml", " " * (LARGEST + 1))
    told = Told(tmp_path, POOL, CRON)

    (body,) = await told.look()
    assert readings(body) == {"pool": {"present": True, "as_expected": True}, "listened": {"present": None, "as_expected": None}}
    await told.look()
    assert [record.getMessage() for record in caplog.records] == [
        "the settings in config/sidekiq.yml are not known: it is larger than 1 MiB"
    ]


def into_a_pipe(path):
    """In the place of the file."""
    path.unlink()
    os.mkfifo(path)


def out_of_sight(path):
    """With its folder."""
    path.unlink()
    path.parent.rename(path.parent.with_name("gone"))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (into_a_pipe, ".env.production: it is no regular file"),
        (out_of_sight, ".env.production: its folder is not there"),
    ],
)
async def test_none_can_be_read(tmp_path, damage, why):
    """The source is lost, with the reason and for as long as it lasts; a pipe keeps nobody waiting."""
    folder = tmp_path / "live"
    write(folder / ".env.production", "DB_POOL=hush-25\n")
    told = Told(folder, POOL)
    await told.look()
    damage(folder / ".env.production")

    (lost,) = await told.look()
    assert lost == SourceLost(Source.SETTINGS, "unreadable", f"no file of settings can be read: {why}")
    assert await told.look() == []

    (folder / ".env.production").unlink(missing_ok=True)
    write(folder / ".env.production", "DB_POOL=hush-25\n", at=1_000_000_200)
    observed, back = await told.look()
    assert (observed.complete, back) == (True, SourceBack(Source.SETTINGS))


async def test_where_the_application_lies_is_not_known_yet(tmp_path):
    """At the start that is waited for; after that it is said. A whole path needs no folder."""
    told = Told(None, POOL)
    assert await told.look(is_patient=True) == []
    (lost,) = await told.look()
    assert lost.message.endswith(NO_FOLDER)

    write(tmp_path / "env", "DB_POOL=1\n")
    told = Told(None, ExpectedSetting("pool", str(tmp_path / "env"), "DB_POOL"))
    (body,) = await told.look(is_patient=True)
    assert readings(body) == {"pool": {"present": True, "as_expected": True}}


async def test_what_is_expected_changes(tmp_path):
    """At a reload: what is expected no more is gone. Where nothing is expected that is told too, so that nobody waits for it."""
    write(tmp_path / ".env.production", "DB_POOL=hush-25\n")
    told = Told(tmp_path, POOL)
    await told.look()
    told.source.mean({})
    assert await told.look() == [Observed(Source.SETTINGS, (Gone(Kind.SETTING, "pool", "no longer expected"),))]
    (nothing,) = await Told(None).look()
    assert nothing == Observed(Source.SETTINGS, (), complete=True)
