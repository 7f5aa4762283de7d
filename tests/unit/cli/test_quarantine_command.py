"""`quarantine list` and `show`, from a state folder to exit code and output."""

import asyncio
import json
import sqlite3

import pytest

from tests.unit.cli.conftest import apart
from watchdog.cli.quarantine import show_job
from watchdog.model.quarantine import CameFrom, Kept, Quarantined
from watchdog.store.shelf import Shelf
from watchdog.store.store import Store

PAYLOAD = b'{"class":"A","args":["a private post \xff"],"jid":"abc"}'
WALL = 1_795_354_499_123


def job(token: str, **more) -> Quarantined:
    """A job that was taken from the retries."""
    said = {
        "jid": "abc", "job_class": "DeliveryWorker", "queue": "push", "came_from": CameFrom.RETRY, "taken": WALL, "until": WALL + 30 * 86_400_000,
        "reason": "it froze two processes \x1b[2J", "score": "5.5", "strikes": 2, "size": len(PAYLOAD),
    }  # fmt: skip
    return Quarantined(**{"token": token, **said, **more})


@pytest.fixture
def kept(config):
    """A state folder with jobs in quarantine: `kept(job(...), ...)`; the second one has been dropped."""

    def write(*jobs: Quarantined):
        async def agent() -> None:
            store = await Store.open(config.parent / "state")
            shelf: Shelf = store.quarantine
            try:
                ids = await shelf.begin([(one, PAYLOAD) for one in jobs])
                await shelf.settle(taken=[(id_, one, None) for id_, one in zip(ids, jobs, strict=True)], absent=[])
                for id_ in ids[1:2]:
                    entry = await shelf.entry(id_)
                    assert entry is not None
                    await shelf.move(entry, Kept.DROPPED)
            finally:
                await store.close()

        apart(lambda: asyncio.run(agent()))
        return config.parent / "state"

    return write


def test_a_list_for_people(ask, kept):
    """What it is, from where, until when and why; nothing that a terminal would obey, and nothing that it was told to do."""
    kept(job("1"), job("2"), job("3"))
    answer = ask("quarantine", "list", "-c", "config.yml")

    lines = answer.out.splitlines()
    assert answer.code == 0
    assert [line.split()[0] for line in lines] == ["ID", "1", "3"]
    for word in ("kept", "DeliveryWorker", "abc", "push", "retry", "2026-11-22T13:34:59.123Z", "it froze two processes"):
        assert word in lines[1]
    assert "private" not in answer.out
    assert "\x1b" not in answer.out


def test_a_list_for_programs(ask, kept):
    """One object a line; with --all those that left it as well."""
    kept(job("1"), job("2"))
    answer = ask("quarantine", "list", "-c", "config.yml", "--json", "--all")

    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert [(row["id"], row["state"], row["ended"] is None) for row in rows] == [(1, "kept", True), (2, "dropped", False)]
    assert (rows[0]["class"], rows[0]["came_from"], rows[0]["score"], rows[0]["strikes"]) == ("DeliveryWorker", "retry", "5.5", 2)
    assert "private" not in answer.out


def test_nothing_is_there(ask, kept):
    """Said in words; for programs no line."""
    kept()
    assert ask("quarantine", "list", "-c", "config.yml") == (0, "no job is in quarantine\n", "")
    assert ask("quarantine", "list", "-c", "config.yml", "--json") == (0, "", "")


def test_one_job(ask, kept):
    """All that is known of it but the job itself."""
    kept(job("1", by="ada"))
    answer = ask("quarantine", "show", "1", "-c", "config.yml")
    assert answer.code == 0
    assert "by           ada" in answer.out
    assert "private" not in answer.out
    assert json.loads(ask("quarantine", "show", "1", "-c", "config.yml", "--json").out)["by"] == "ada"


def test_the_job_itself(kept, config, capfdbinary):
    """Byte for byte, and only where it is asked for."""
    kept(job("1"))
    code = show_job(1, config=config, payload=True)

    assert code == 0
    assert capfdbinary.readouterr().out == PAYLOAD


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "9"), "there is no entry 9"),
        (("show", "2", "--payload"), "here no longer"),
        (("show", "1", "--payload", "--json"), "goes without --json"),
        (("release", "1"), "--reason"),
        (("release", "--reason", "x"), "ID"),
        (("drop", "x", "--reason", "x"), "x"),
        (("release", "1", "--reason", " "), "say in a few words why"),
        (("take", "--class", "A"), "say in a few words why"),
        (("take", "--reason", "x"), "say which"),
        (("take", "--jid", "a", "--class", "A", "--reason", "x"), "goes with --queue alone"),
        (("take", "--kind", "odd", "--reason", "x"), "--kind is one of status, timeout"),
        (("take", "--failing-for", "2", "--reason", "x"), "--failing-for"),
        (("take", "--class", "A", "--cap", "0", "--reason", "x"), "--cap"),
    ],
)
def test_what_can_not_be_asked(ask, kept, arguments, says):
    """Ends with 2 and says what is missing."""
    kept(job("1"), job("2"))
    answer = ask("quarantine", *arguments, "-c", "config.yml")

    assert answer.code == 2
    assert says in answer.err


def test_no_state(ask, config):
    """No agent has run yet: ends with 3, for reading and for writing."""
    for arguments in (("list",), ("show", "1"), ("release", "1", "--reason", "x"), ("drop", "1", "--reason", "x")):
        answer = ask("quarantine", *arguments, "-c", "config.yml")
        assert (answer.code, "no agent has written any state" in answer.err) == (3, True), arguments


def test_a_database_of_an_earlier_version(ask, kept):
    """It has no quarantine yet: nothing to list, and writing waits for the agent to bring it up to date."""
    folder = kept()
    connection = sqlite3.connect(folder / "watchdog.db")
    connection.execute("DROP TABLE quarantine")
    connection.execute("PRAGMA user_version = 2")
    connection.close()

    assert ask("quarantine", "list", "-c", "config.yml").out == "no job is in quarantine\n"
    answer = ask("quarantine", "drop", "1", "--reason", "x", "-c", "config.yml")
    assert answer.code == 3
    assert "start the agent of this version once" in answer.err
