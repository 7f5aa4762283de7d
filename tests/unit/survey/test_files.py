"""Files as strangers may have written them."""

import os

import pytest

from tests.unit.survey.layouts import ENV, ETC, LIVE, live, unit
from watchdog.survey.files import LARGEST, UnreadableError, text_of
from watchdog.survey.judging import judge
from watchdog.survey.survey import survey

PATH = f"{LIVE}/.env.production"


def hostile(root, kind):
    """Puts such a file in the place of `.env.production`."""
    place = root / PATH.lstrip("/")
    place.unlink()
    match kind:
        case "binary":
            place.write_bytes(b"A=1\nB=2\n\x7fELF\0\x01\x02")
        case "latin":
            place.write_bytes(b"A=1\nB=\xe4\n")
        case "huge":
            place.write_bytes(b"A=1\n" * (LARGEST // 4 + 1))
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case "loop":
            place.symlink_to(place.name)
        case "device":
            place.symlink_to("/dev/zero")
        case "syntax":
            place.write_text(f"{ENV}no variable at all\nREDIS_PASSWORD=$(pass redis)\n")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("binary", f"{PATH} line 3: it holds bytes that are no text"),
        ("latin", f"{PATH} line 2: it is not UTF-8"),
        ("huge", f"{PATH} is larger than 256 kB, so it is not what it should be"),
        ("pipe", f"{PATH} is no regular file"),
        ("folder", f"{PATH} is no regular file"),
        ("loop", f"{PATH} can't be read: too many levels of symbolic links"),
        ("device", f"{PATH} is no regular file"),
        ("syntax", f"{PATH}:11: it is no NAME=value"),
        ("syntax", f"{PATH}:12: REDIS_PASSWORD is what a command prints, and no command is run here"),
    ],
)
async def test_hostile_files_of_variables(kind, said, plant, shown):
    """What can't be read is said with file and line, at once, and the rest is found all the same."""
    root = plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()})
    hostile(root, kind)
    found = await survey(root=root)
    assert said in [one.text for one in judge(found, "config.yml")]
    assert [one.name for one in found.units] == ["mastodon-sidekiq.service"]


async def test_many_strange_lines_are_a_few(plant, shown):
    """A file that is something else altogether does not fill the screen."""
    root = plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live("lorem ipsum\n" * 1000)})
    texts = [one.text for one in (await survey(root=root)).remarks if one.name == "strange-line"]
    assert texts[-1] == f"{PATH}: 997 more lines are no NAME=value"
    assert len(texts) == 4


def test_a_file_without_rights_and_one_that_is_not_there(tmp_path, monkeypatch):
    """A file that is not there is told from one that can't be read."""
    with pytest.raises(FileNotFoundError):
        text_of(tmp_path / "nothing")

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadableError, match="can't be read: permission denied"):
        text_of(tmp_path / "anything")


async def test_files_of_systemd(plant, shown):
    """`EnvironmentFile=` goes before `Environment=` and before the application's own file; one with a minus in front may be missing."""
    text = unit().replace(
        "Restart=", "EnvironmentFile=/etc/default/sidekiq\nEnvironmentFile=-/etc/none\nEnvironmentFile=/etc/gone\nRestart="
    )
    variables = 'REDIS_HOST="10.9.9.9"\n# REDIS_HOST=x\nREDIS_PORT=7000\nnonsense\nLONG=a\\\nb\nREDIS_DB=5\n'
    found = await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": text, "/etc/default/sidekiq": variables, **live()}))
    assert shown.asked[0].url == "redis://10.9.9.9:7000/5"
    assert found.redis.sources["REDIS_DB"] == "/etc/default/sidekiq:7"
    assert [one.text for one in found.remarks] == ["/etc/gone is not there, though a unit names it"]


async def test_the_files_of_rails_in_their_order(plant, shown):
    """`.env.production.local` goes before `.env.production`, that before `.env`; RAILS_ENV says which."""
    files = {
        f"{ETC}/mastodon-sidekiq.service": unit().replace("RAILS_ENV=production", "RAILS_ENV=staging"),
        f"{LIVE}/.env.staging.local": "REDIS_PORT=1\n",
        f"{LIVE}/.env.staging": "REDIS_PORT=2\nREDIS_DB=2\n",
        f"{LIVE}/.env": "REDIS_PORT=3\nREDIS_DB=3\nREDIS_HOST=h3\n",
        f"{LIVE}/.env.production": "REDIS_HOST=never\n",
    }
    await survey(root=plant(files))
    assert shown.asked[0].url == "redis://h3:1/2"
