"""`changes`: what it is asked for, and from where it reads."""

import pytest

from watchdog.cli.changes import _names
from watchdog.cli.exits import UsageError
from watchdog.cli.sources import sources_of
from watchdog.errors import ProblemsError
from watchdog.host.boot import host_name
from watchdog.model.changes import CHANGES

CONFIG = 'redis: {{url: "{url}", namespace: mast}}\nrules: [none.yml]\nstate: state\n'


def test_without_kinds_everything_is_shown():
    """All changes of the table."""
    assert _names(()) == {spec.name for spec in CHANGES}


def test_kinds_are_names_and_entities_together():
    """Those of an entity, those of a name; and of the source alone, which is told of in any case."""
    queues = {spec.name for spec in CHANGES if spec.kind == "queue"}
    assert _names(["queue", "JobLost"]) == queues | {"JobLost"}
    assert _names(["source"]) == frozenset()


@pytest.mark.parametrize(
    ("wrong", "hint"), [("jobs", "did you mean job?"), ("queuegrw", "did you mean QueueGrew?"), ("x\x1b", "it is one of domain, job")]
)
def test_a_wrong_kind_is_refused_with_a_hint(wrong, hint):
    """Before anything is read."""
    with pytest.raises(UsageError) as refused:
        _names(["job", wrong])
    assert hint in str(refused.value)
    assert str(refused.value).isprintable()


def test_only_the_address_of_redis_and_its_secret_are_read(tmp_path):
    """Rules that are not there and a receiver's secret that nobody may see keep nobody from looking."""
    config = tmp_path / "config.yml"
    config.write_text(
        CONFIG.format(url="${file:url}") + 'receivers: {ops: {type: webhook, url: "${file:secret}", secret: "${file:secret}"}}\n'
    )
    (tmp_path / "url").write_text("redis://:hidden@h:1/2\n")
    (tmp_path / "url").chmod(0o600)
    settings = sources_of(config)
    redis, host = settings.redis, settings.host
    assert (redis.url, redis.namespace, host) == ("redis://:hidden@h:1/2", "mast", host_name())

    (tmp_path / "url").write_text("http://h")
    with pytest.raises(ProblemsError) as wrong:
        sources_of(config)
    assert [problem.code for problem in wrong.value.problems] == ["E501"]
    (tmp_path / "url").unlink()
    with pytest.raises(ProblemsError) as missing:
        sources_of(config)
    assert [problem.code for problem in missing.value.problems] == ["E506"]


def test_a_host_can_be_named(tmp_path):
    """As in the agent, by the config."""
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.format(url="redis://h") + "host: web9\n")
    assert sources_of(config).host == "web9"


def test_a_config_that_is_not_there(tmp_path):
    """Says so in one line."""
    with pytest.raises(UsageError, match="can't be read"):
        sources_of(tmp_path / "none.yml")


def test_it_ends_with_a_usage_error_where_it_can_not_begin(ask, config):
    """2 and one line, for people and programs."""
    for arguments in (["--follow", "--kind", "jobs"], ["--follow", "-c", "none.yml"]):
        answer = ask("changes", "-c", "config.yml", *arguments)
        assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
