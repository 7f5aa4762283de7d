"""Units, variables and names as nobody would write them: nothing of it stops the survey, breaks the config, or gets a key into it."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.survey.layouts import ETC, LIVE, live, unit
from watchdog.mastodon.postgres_env import PostgresEnv
from watchdog.rulefile.settings import draft_settings
from watchdog.survey.applications import of_folder, of_units
from watchdog.survey.config_text import PostgresState, config_text
from watchdog.survey.environment import assigned
from watchdog.survey.remarks import Remark
from watchdog.survey.survey import survey
from watchdog.survey.unit_file import milliseconds, read_unit

TEXT = st.text(alphabet="ab -=[]\\\"'%@:;#\n\t{}$~!|+&*é\u2028", max_size=60)
ANY = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
SHOWN = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)


@given(TEXT, TEXT)
def test_any_unit_is_read(text, more):
    """Whatever stands in a unit, it is read as something."""
    found = read_unit("mastodon-sidekiq@x.service", [f"[Service]\nExecStart={text}", more, f"[Service]\nEnvironment={more}"])
    assert isinstance(found.words, tuple)
    assigned(text, "somewhere")
    milliseconds(text)


@pytest.fixture
async def found(plant, shown):
    """An ordinary machine, looked at."""
    return await survey(root=plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()}))


@pytest.mark.timeout(60)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folder=ANY, user=ANY, host=SHOWN, database=SHOWN, namespace=SHOWN, log=ANY, name=ANY)
def test_the_config_has_the_keys_that_it_should_have(found, folder, user, host, database, namespace, log, name):
    """Names with line breaks, quotes and signs of YAML in every place: the config is right, in dry-run, and of the same keys."""
    one = msgspec.structs.replace(found.units[0], user=user, folder=f"/{folder}", log=f"/{log}", state=name, file_state=name)
    chosen = msgspec.structs.replace(found.chosen, folder=f"/{folder}", user=user, members=(name,))
    settings_ = msgspec.structs.replace(found.redis.settings, namespace=namespace)
    hostile = msgspec.structs.replace(
        found,
        units=(one,),
        chosen=chosen,
        redis=msgspec.structs.replace(found.redis, settings=settings_, sources={name: f"{folder}:3", host: user}),
        postgres=PostgresEnv(host, 5432, database, (name,)),
        seen=name,
    )
    for postgres in (None, PostgresState(name), PostgresState()):
        draft, problems = draft_settings("config.yml", config_text(hostile, state="state", postgres=postgres).config)
        assert [problem for problem in problems if not problem.is_warning] == []
        assert draft.settings.mode == "dry-run"
        assert draft.settings.redis.url == "redis://10.0.0.5:6379/0"
        assert draft.settings.receivers == {}


async def test_names_of_files(plant, shown):
    """A file whose name no service can have is none."""
    root = plant({f"{ETC}/mastodon-sidekiq.service": unit(), **live()})
    (root / ETC.lstrip("/") / "mastodon-sidekiq\nx: y.service").write_text(unit())
    (root / ETC.lstrip("/") / "mastodon-sidekiq-gone.service").symlink_to("/nowhere")
    assert [one.name for one in (await survey(root=root)).units] == ["mastodon-sidekiq.service"]


def test_no_secret_in_what_can_be_printed(plant):
    """Whoever logs or prints what was found prints no value of a variable."""
    remarks: list[Remark] = []
    root = plant(live("LOCAL_DOMAIN=x\nREDIS_HOST=h\nREDIS_PASSWORD=opensesame\n"))
    assert "opensesame" not in repr(of_folder(LIVE, root, remarks))
    assert of_units([], root, remarks) == ()
