"""The config file's text becomes settings; addresses and secrets are never shown."""

import pytest
from rich.pretty import pretty_repr

from watchdog.model.parameters import Allowance
from watchdog.model.receivers import RECEIVERS
from watchdog.model.verdicts import Mode
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.rulefile.secrets import Origin
from watchdog.rulefile.settings import Settings, draft_settings, read_settings, with_secrets

ISSUE = """\
mode: act                      # observe | dry-run | ask | act ; default dry-run
redis: {url: redis://127.0.0.1:6379/0, namespace: ""}
rules: [rules.yml]             # files, folders, or pack:mastodon
state: state                   # folder of the database and traces
receivers:
  ops: {type: webhook, url: http://127.0.0.1:9999/hook, secret: "${file:secret}"}
"""
LEAST = "redis: {url: redis://h}\nrules: [r.yml]\nstate: s\n"
COMMON = {"every_alert": False, "group_wait": 0, "group_interval": 5_000, "at_most": Allowance(60, 60_000)}
"""What a webhook has beside what is written."""


def read(text: str) -> Settings:
    """The settings of a config with nothing wrong in it."""
    settings, problems = read_settings("config.yml", text)
    assert problems == ()
    assert settings is not None
    return settings


def said(text: str) -> list[str]:
    """`LINE:COLUMN CODE` of every problem."""
    return [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in read_settings("config.yml", text)[1]]


def test_the_config_of_the_manual() -> None:
    """Every value arrives in its type, the secret as a reference."""
    settings = read(ISSUE)
    assert settings.mode is Mode.ACT
    assert (settings.redis.url, settings.redis.namespace) == ("redis://127.0.0.1:6379/0", "")
    assert [text.value for text in settings.rules] == ["rules.yml"]
    assert settings.state.value == "state"
    assert settings.receivers["ops"].values == {"url": "http://127.0.0.1:9999/hook", "secret": "", "timeout": 10_000, **COMMON}
    assert [(secret.setting, secret.origin, secret.name) for secret in settings.secrets] == [
        (("receivers", "ops", "secret"), Origin.FILE, "secret")
    ]


def test_the_least_config_is_careful() -> None:
    """Without a mode the agent only says what it would do."""
    settings = read(LEAST)
    assert settings.mode is Mode.DRY_RUN
    assert settings.receivers == {}
    assert settings.host is None


def test_the_host_name_can_be_given() -> None:
    """For a worker that reports another name than the machine has."""
    assert read(LEAST + "host: web-1\n").host == "web-1"


def test_the_units_of_sidekiq() -> None:
    """Names and patterns; a name without its ending is that of a service; those of the manual where nothing is said, none where that is said."""
    assert read(LEAST).units == ("mastodon-sidekiq*", "sidekiq*")
    assert read(LEAST + "units: [mine, other.service, 'x*', 'y@[ab]']\n").units == ("mine.service", "other.service", "x*", "y@[ab].service")
    assert read(LEAST + "units: []\n").units == ()


@pytest.mark.parametrize(("written", "expected"), [("", 0.02), (", budget: 0.5%", 0.005), (", budget: 100%", 1.0)])
def test_what_redis_may_spend(written: str, expected: float) -> None:
    """A share of a core; 2 % where nothing is said, and still so once the address has come from a secret."""
    assert read(LEAST.replace("redis://h}", f"redis://h{written}}}")).redis.budget == expected
    settings = read(LEAST.replace("redis://h}", f'"${{env:URL}}"{written}}}'))
    filled, problems = with_secrets(settings, {("redis", "url"): "redis://h"})
    assert (filled.redis, problems) == (RedisSettings("redis://h", budget=expected), ())


@pytest.mark.parametrize(("budget", "code"), [("0%", "E125"), ("0.05%", "E125"), ("150%", "E125"), ("2", "E217"), ("much", "E217")])
def test_a_budget_that_can_not_be_kept(budget: str, code: str) -> None:
    """At least 0.1 % and at most a core, written with its unit."""
    assert said(LEAST.replace("redis://h}", f"redis://h, budget: {budget}}}")) == [f"1:33 {code}"]


def test_what_all_rules_share() -> None:
    """Budgets of a host and of a target, as a rule could have them; nothing where nothing is said."""
    draft, problems = draft_settings("config.yml", LEAST + "host_budget: 10/1h\ntarget_budget: 4/6h\n")

    assert (draft.shares, problems) == ({"host_budget": Allowance(10, 3_600_000), "target_budget": Allowance(4, 21_600_000)}, ())
    assert draft_settings("config.yml", LEAST)[0].shares == {}
    assert said(LEAST + "host_budget: often\n") == ["4:14 E412"]


def test_secrets_take_their_places() -> None:
    """Contents go where the references stood, and an address is checked then."""
    settings = read(
        LEAST.replace("redis://h", '"${env:REDIS_URL}"') + 'receivers: {ops: {type: webhook, url: "${file:u}", secret: "${file:s}"}}\n'
    )
    contents = {("redis", "url"): "unix:///run/r.sock", ("receivers", "ops", "url"): "https://h/x", ("receivers", "ops", "secret"): "k"}
    whole, problems = with_secrets(settings, contents)
    assert problems == ()
    assert whole.secrets == ()
    assert whole.redis.url == "unix:///run/r.sock"
    assert whole.receivers["ops"].values == {"url": "https://h/x", "secret": "k", "timeout": 10_000, **COMMON}


def test_contents_of_secrets_are_checked_and_not_shown() -> None:
    """A wrong address from a file is reported at its reference."""
    settings = read(LEAST.replace("redis://h", '"${env:REDIS_URL}"') + 'receivers: {ops: {type: webhook, url: "${file:u}"}}\n')
    problems = with_secrets(settings, {("redis", "url"): "hunter2", ("receivers", "ops", "url"): "hunter2"})[1]
    assert [(str(problem.span), problem.code) for problem in problems] == [("config.yml:1:15", "E501"), ("config.yml:4:40", "E502")]
    assert "hunter2" not in "".join(map(str, problems))


@pytest.mark.parametrize("show", [repr, str, pretty_repr])
def test_settings_show_no_secret(show: object) -> None:
    """Neither a password in the address of Redis nor a receiver's key or address can be printed by accident."""
    settings = read(
        LEAST.replace("redis://h", "redis://u:hunter2@h/1")
        + "receivers: {ops: {type: webhook, url: https://hunter2.example, secret: hunter2}}\n"
    )
    assert callable(show)
    assert "hunter2" not in show(settings)
    assert "redis://h/1" in show(settings)


SENTINEL = """\
redis:
  sentinels: ["10.0.0.1:26379", s2, "[::1]:7"]
  master: mymaster
  url: redis://agent:hunter2@/3
  sentinel_user: watcher
  sentinel_password: "${env:REDIS_SENTINEL_PASSWORD}"
app_redis: {url: "${env:REDIS_URL}"}
rules: [r.yml]
state: s
"""


def test_sentinels_and_a_second_redis() -> None:
    """What an operator has in REDIS_SENTINELS and its kin has its own key each; secrets come from where they lie; nothing of them shows."""
    settings = read(SENTINEL)
    contents: dict[tuple[str, ...], str] = {("redis", "sentinel_password"): "hunter3", ("app_redis", "url"): "redis://:hunter4@app/1"}
    whole, problems = with_secrets(settings, contents)
    assert problems == ()
    redis = whole.redis
    assert (redis.sentinels, redis.master, redis.url) == (("10.0.0.1:26379", "s2", "[::1]:7"), "mymaster", "redis://agent:hunter2@/3")
    assert (redis.sentinel_user, redis.sentinel_password) == ("watcher", "hunter3")
    assert whole.app_redis == RedisSettings("redis://:hunter4@app/1")
    assert [(span.line, span.column) for span in settings.bare_secrets] == [(4, 8)]
    assert "hunter" not in repr(whole) + pretty_repr(whole)
    assert "mymaster of the Sentinels 10.0.0.1:26379, s2, [::1]:7" in repr(whole)


def test_a_master_can_stand_in_the_address_as_ruby_has_it() -> None:
    """`redis://NAME` is how Ruby's clients write it; without an address Redis needs neither user nor password."""
    for url in ("redis://MyMaster/2", "rediss://u:p@mymaster?ssl_cert_reqs=none", "redis:///1"):
        assert read(f"redis: {{sentinels: [h], master: MyMaster, url: '{url}'}}\nrules: [r.yml]\nstate: s\n").redis.url == url
    assert read("redis: {sentinels: [h], master: m}\nrules: [r.yml]\nstate: s\n").redis.url == ""


SHOWN = {
    "redis://h": "redis://h",
    "redis://:pw@h:6380/2": "redis://h:6380/2",
    "rediss://user:pw@[::1]:6380/2": "rediss://[::1]:6380/2",
    "unix://user@/run/r.sock?db=3&password=pw": "unix:///run/r.sock?db=3",
    "redis://h:pw": "?",
}


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    """What is left is enough to tell which Redis is meant."""
    assert RedisSettings(url).shown == shown


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://h/",
        "redis://h:6379/15",
        "redis://:p%2Fw@h",
        "rediss://u:p@h?ssl_cert_reqs=none",
        "unix:///r.sock",
        "unix:///r.sock?db=1",
        "redis://[::1]:1/0",
    ],
)
def test_addresses_of_redis(url: str) -> None:
    """The forms that redis-py takes."""
    assert read(LEAST.replace("redis://h", f'"{url}"')).redis.url == url


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:6379",
        "http://h",
        "redis://",
        "redis://h:0",
        "redis://h:99999",
        "redis://h:x",
        "redis://h/x",
        "redis://u:p/w@h",
        "redis://u:p#w@h",
        "redis://h/0 ",
        "redis://[::1",
        "unix://r.sock",
        "unix:///",
        "redis://h?dbb=1",
    ],
)
def test_wrong_addresses_of_redis(url: str) -> None:
    """Each is one problem at its place that has a hint and doesn't show the address."""
    problems = read_settings("config.yml", LEAST.replace("redis://h", f'"{url}"'))[1]
    assert [(str(problem.span), problem.code) for problem in problems] == [("config.yml:1:15", "E501")]
    assert problems[0].hint
    assert url.strip() not in problems[0].message


WRONG = {
    "several at once": (
        "mod: act\nredis: {url: h, namspace: x}\nrules: r.yml\n",
        ["1:1 E120", "1:1 E121", "2:14 E501", "2:17 E120", "3:8 E122"],
    ),
    "mode": (LEAST + "mode: action\n", ["4:7 E124"]),
    "no rules": (LEAST.replace("[r.yml]", "[]"), ["2:8 E123"]),
    "an empty path": (LEAST.replace("[r.yml]", '[""]'), ["2:10 E122"]),
    "redis as a text": (LEAST.replace("{url: redis://h}", "redis://h"), ["1:8 E122"]),
    "receivers as a list": (LEAST + "receivers: [ops]\n", ["4:12 E122"]),
    "receiver without type": (LEAST + "receivers: {ops: {url: https://h}}\n", ["4:18 E121"]),
    "receiver of an unknown type": (LEAST + "receivers: {ops: {type: webhoook}}\n", ["4:25 E503"]),
    "receiver without address": (LEAST + "receivers: {ops: {type: webhook}}\n", ["4:18 E121"]),
    "receiver with an unknown key": (LEAST + "receivers: {ops: {type: webhook, url: https://h, key: x}}\n", ["4:50 E120"]),
    "receiver with a wrong address": (LEAST + "receivers: {ops: {type: webhook, url: ftp://h}}\n", ["4:39 E502"]),
    "channel by its name": (LEAST + 'receivers: {ops: {type: slack, token: x, channel: "#ops"}}\n', ["4:52 E122"]),
    "app with the address of a webhook": (
        LEAST + "receivers: {ops: {type: slack, url: https://h}}\n",
        ["4:18 E121", "4:18 E121", "4:32 E120"],
    ),
    "receiver with a wrong duration": (LEAST + "receivers: {ops: {type: webhook, url: https://h, timeout: 10}}\n", ["4:59 E217"]),
    "receiver with a wrong name": (LEAST + "receivers: {a b: {type: webhook, url: https://h}}\n", ["4:13 E504"]),
    "reference of an unknown kind": (LEAST + 'receivers: {ops: {type: webhook, url: https://h, secret: "${vault:x}"}}\n', ["4:59 E505"]),
    "credential that is a path": (
        LEAST + 'receivers: {ops: {type: webhook, url: https://h, secret: "${credential:../x}"}}\n',
        ["4:59 E505"],
    ),
    "credential that is the folder": (
        LEAST + 'receivers: {ops: {type: webhook, url: https://h, secret: "${credential:..}"}}\n',
        ["4:59 E505"],
    ),
    "reference inside a text": (LEAST + 'receivers: {ops: {type: webhook, url: "https://h/${file:x}"}}\n', ["4:50 E505"]),
    "empty host": (LEAST + 'host: ""\n', ["4:8 E122"]),
    "not YAML": ("[" * 80_000, ["1:51 E105"]),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_at_its_place(text: str, expected: list[str]) -> None:
    """Everything at once, and no settings."""
    assert said(text) == expected
    assert read_settings("config.yml", text)[0] is None


def test_a_draft_keeps_what_the_config_names() -> None:
    """With errors in the config its rule files, secrets and receivers can still be looked at."""
    draft, problems = draft_settings("config.yml", ISSUE + "zzz: 1\n")
    assert len(problems) == 1
    assert draft.settings is None
    assert [text.value for text in draft.rules] == ["rules.yml"]
    assert draft.receivers == frozenset({"ops"})
    assert len(draft.secrets) == 1


def test_receivers_are_unknown_where_the_config_is_broken_there() -> None:
    """Rules are then not told that a receiver is missing."""
    assert draft_settings("config.yml", LEAST + "receivers: {ops: {type: webhook\n")[0].receivers is None
    assert draft_settings("config.yml", LEAST)[0].receivers == frozenset()


def test_every_type_of_receiver_can_be_read() -> None:
    """The reader follows the table: a receiver with every setting as in its example has every value."""
    for spec in RECEIVERS:
        lines = "".join(f"    {setting.example}\n" for setting in spec.all_settings)
        ask = f"ask: {{people: {{ada: ['{spec.type}:ada']}}}}\n" if spec.listens else ""
        settings = read(LEAST + ask + f"receivers:\n  ops:\n    type: {spec.type}\n{lines}")
        assert set(settings.receivers["ops"].values) == {setting.name for setting in spec.all_settings}
