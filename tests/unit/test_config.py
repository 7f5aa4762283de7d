"""The config file and all that it names are found, read, fetched and checked as one."""

import os
import shutil
from pathlib import Path

import pytest

from watchdog import config
from watchdog.config import inspect, inspect_rules, load, pack_folder, packs, secrets
from watchdog.errors import ProblemsError
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Mode

RULE = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"
CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
ISSUE = """\
mode: act                      # observe | dry-run | ask | act ; default dry-run
redis: {url: redis://127.0.0.1:6379/0, namespace: ""}
rules: [rules.yml]             # files, folders, or pack:mastodon
state: state                   # folder of the database and traces
receivers:
  ops: {type: webhook, url: http://127.0.0.1:9999/hook, secret: "${file:secret}"}
"""
ISSUE_RULE = """\
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""


class Folder:
    """A folder with files; knows what `inspect` says of its config, with the folder's own path left out."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Write a file with that mode."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        path.chmod(mode)
        return path

    def said(self, name: str = "config.yml") -> list[str]:
        """`FILE:LINE:COLUMN CODE` of every problem."""
        return [f"{problem.span} {problem.code}".removeprefix(f"{self.path}/") for problem in inspect(self.path / name)[1]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with one good rule file."""
    folder = Folder(tmp_path)
    folder.write("rules.yml", RULE)
    return folder


def test_what_no_rule_touches_reaches_every_rule(folder: Folder) -> None:
    """The config's list stands in each rule's guards; a pattern that is none is refused where it stands."""
    folder.write("config.yml", CONFIG + 'protected: ["mastodon-sidekiq@scheduler*", web1/special]\n')
    assert load(folder.path / "config.yml").rules.rules[0].guards["protected"] == ("mastodon-sidekiq@scheduler*", "web1/special")

    folder.write("config.yml", CONFIG + 'protected: ["web[", ""]\n')
    assert folder.said() == ["config.yml:4:17 E214", "config.yml:4:22 E122"]


def test_what_all_rules_share_reaches_every_rule(folder: Folder) -> None:
    """The config's budgets stand in the guards of a rule that has none of its own."""
    folder.write("config.yml", CONFIG + "host_budget: 10/1h\n")
    assert load(folder.path / "config.yml").rules.rules[0].guards["host_budget"] == Allowance(10, 3_600_000)


def test_the_config_of_the_manual_loads(folder: Folder) -> None:
    """Paths are relative to the config, the secret has lost its line break, the rule is there."""
    path = folder.write("config.yml", ISSUE)
    folder.write("rules.yml", ISSUE_RULE)
    folder.write("secret", "s3cret\n")
    loaded = load(path)
    assert loaded.settings.mode is Mode.ACT
    assert loaded.settings.receivers["ops"].values["secret"] == "s3cret"
    assert loaded.settings.secrets == ()
    assert [rule.name for rule in loaded.rules.rules] == ["stuck-job"]
    assert [problem.code for problem in loaded.warnings] == ["W610", "W601", "W612"]
    assert (loaded.folder, loaded.state, loaded.files) == (folder.path, folder.path / "state", (folder.path / "rules.yml",))
    assert "s3cret" not in repr(loaded)


def test_everything_wrong_in_all_files_is_said_at_once(folder: Folder) -> None:
    """Config, rule files, missing files and secrets: one list, each problem at its place with a hint."""
    folder.write(
        "config.yml",
        "mode: act\nmoode: ask\nredis: {url: redis://h, url: redis://i}\nrules: [a.yml, b.yml, deep.yml, missing.yml]\n"
        'state: state\nreceivers: {ops: {type: webhook, url: https://h, secret: "${file:nothing}"}}\n',
    )
    folder.write("a.yml", RULE.replace("elapsed", "elapsd") + "    notify: [opps]\n    then: stop\n")
    folder.write("b.yml", "rules:\n\t- rule: next\n\t  each: job\n\t  when: job.elapsed > 10\n\t  forr: 3m\n")
    folder.write("deep.yml", "[" * 80_000)
    with pytest.raises(ProblemsError) as raised:
        load(folder.path / "config.yml")
    found = [f"{problem.span} {problem.code}".removeprefix(f"{folder.path}/") for problem in raised.value.problems]
    assert found == [
        "config.yml:2:1 E120",
        "config.yml:3:25 E110",
        "config.yml:4:33 E113",
        "config.yml:6:59 E506",
        "a.yml:4:11 E203",
        "a.yml:5:14 E407",
        "a.yml:6:11 E122",
        "b.yml:2:1 E102",
        "b.yml:3:1 E102",
        "b.yml:4:1 E102",
        "b.yml:4:24 E208",
        "b.yml:5:1 E102",
        "b.yml:5:4 E120",
        "deep.yml:1:51 E105",
    ]
    assert all(problem.hint for problem in raised.value.problems)


def test_the_rules_of_a_config_are_read_without_its_secrets(folder: Folder) -> None:
    """Whoever replays what has been may not be allowed to see any: the rules are those of an agent, to the digest, and what is wrong with them is said."""
    config_file = folder.write("config.yml", ISSUE + "alerts: {page: https://watchdog.example.org}\n")
    folder.write("rules.yml", ISSUE_RULE)
    assert load_fails(config_file)
    rules, settings, problems = config.rules_of(config_file)
    assert rules is not None
    assert settings is not None
    folder.write("secret", "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw==")
    loaded = load(config_file)
    assert (rules.digest, rules.fleet, rules.page, rules.mode) == (
        loaded.rules.digest,
        loaded.rules.fleet,
        loaded.rules.page,
        loaded.rules.mode,
    )
    assert [rule.name for rule in rules.rules] == ["stuck-job"]
    folder.write("rules.yml", ISSUE_RULE.replace("each: job", "each: nonsense"))
    assert config.rules_of(config_file)[:2] == (None, None)
    assert any(problem.code == "E404" for problem in config.rules_of(config_file)[2])
    assert config.rules_of(folder.path / "nowhere.yml")[:2] == (None, None)
    assert problems == () or all(problem.is_warning for problem in problems)


def load_fails(config_file: Path) -> bool:
    """Whether the whole of it can't be loaded."""
    return inspect(config_file)[0] is None


def test_a_missing_config_is_a_problem(folder: Folder) -> None:
    """No traceback for the first mistake that everybody makes."""
    assert folder.said("nothing.yml") == ["nothing.yml:1:1 E113"]


def test_a_folder_gives_its_rule_files_by_name(folder: Folder) -> None:
    """Both endings; no tests, no hidden files, nothing below, nothing twice."""
    for number, name in enumerate(["b.yml", "a.yaml", "a.test.yml", "a_test.yml", ".hidden.yml", "notes.txt", "sub/c.yml"]):
        folder.write(f"rules.d/{name}", RULE.replace("slow", f"slow-{number}"))
    folder.write("config.yml", CONFIG.replace("[rules.yml]", "[rules.d, rules.d/b.yml, ./rules.d]"))
    loaded = load(folder.path / "config.yml")
    assert [path.name for path in loaded.files] == ["a.yaml", "b.yml"]


def test_an_empty_folder_is_a_warning(folder: Folder) -> None:
    """A drop-in folder may be empty, and should not be by accident."""
    (folder.path / "empty").mkdir()
    folder.write("config.yml", CONFIG.replace("[rules.yml]", "[rules.yml, empty]"))
    assert folder.said() == ["config.yml:2:20 W602"]
    assert load(folder.path / "config.yml").rules.rules


def test_what_is_no_file_is_refused_without_waiting(folder: Folder) -> None:
    """A pipe under the name of a rule file can't keep the agent waiting."""
    os.mkfifo(folder.path / "pipe.yml")
    folder.write("config.yml", CONFIG.replace("rules.yml", "pipe.yml"))
    assert folder.said() == ["config.yml:2:9 E113"]


@pytest.mark.parametrize("name", ["x" * 5_000, "rules.yml/below", "loop"])
def test_paths_that_no_system_call_likes(folder: Folder, name: str) -> None:
    """Too long, through a file, in a circle: each is a problem at its place."""
    (folder.path / "loop").symlink_to("loop")
    folder.write("config.yml", CONFIG.replace("rules.yml", name))
    assert folder.said() == ["config.yml:2:9 E113"]


def test_bytes_that_are_not_utf8_are_named_where_they_stand(folder: Folder) -> None:
    """In config and rules alike."""
    folder.write("config.yml", CONFIG + "# caf\udce9\n")
    folder.write("rules.yml", RULE + "# \udcff\n")
    assert folder.said() == ["config.yml:4:6 E103"]
    folder.write("config.yml", CONFIG)
    assert folder.said() == ["rules.yml:5:3 E103"]


def test_too_large_a_file_is_not_parsed(folder: Folder) -> None:
    """A gigabyte under the name of a rule file costs a few megabytes."""
    with (folder.path / "rules.yml").open("ab") as file:
        file.truncate(1 << 30)
    folder.write("config.yml", CONFIG)
    assert folder.said() == ["rules.yml:1:1 E104"]


def test_a_secret_from_the_environment(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken as it is; one that is not set is a problem at its reference."""
    folder.write("config.yml", CONFIG.replace("redis://h", '"${env:WATCHDOG_TEST_URL}"'))
    assert folder.said() == ["config.yml:1:15 E506"]
    monkeypatch.setenv("WATCHDOG_TEST_URL", "redis://:hunter2@h/3")
    assert load(folder.path / "config.yml").settings.redis.url == "redis://:hunter2@h/3"


def test_a_secret_from_a_credential_of_systemd(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in the folder that systemd names to the agent; one that the unit does not have is a problem, whose hint names the line that the unit wants."""
    folder.write("config.yml", CONFIG.replace("redis://h", '"${credential:redis.url}"'))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder.path / "credentials"))
    assert folder.said() == ["config.yml:1:15 E506"]
    assert "LoadCredential=redis.url:PATH" in inspect(folder.path / "config.yml")[1][0].hint
    folder.write("credentials/redis.url", "redis://:hunter2@h/3\n")
    assert load(folder.path / "config.yml").settings.redis.url == "redis://:hunter2@h/3"


def test_a_credential_outside_of_the_service(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where systemd names no folder it is looked for where the running agent has its own."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr(secrets, "_OF_THE_SERVICE", folder.path / "service")
    folder.write("service/url", "redis://h/3")
    folder.write("config.yml", CONFIG.replace("redis://h", '"${credential:url}"'))
    assert load(folder.path / "config.yml").settings.redis.url == "redis://h/3"


SECRETS = {
    "missing": (None, 0o600, ["config.yml:4:59 E506"]),
    "empty": ("\n", 0o600, ["config.yml:4:59 E506"]),
    "too long": ("x" * 70_000, 0o600, ["config.yml:4:59 E506"]),
    "not UTF-8": ("\udcff", 0o600, ["config.yml:4:59 E506"]),
    "open": ("x", 0o644, ["config.yml:4:59 W603"]),
    "for a group": ("x", 0o640, []),
}


@pytest.mark.parametrize(("text", "mode", "expected"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_from_a_file(folder: Folder, text: str | None, mode: int, expected: list[str]) -> None:
    """What can't be a secret is refused where it is referred to, and what everybody can read is warned of."""
    if text is not None:
        folder.write("key", text, mode)
    folder.write(
        "config.yml", CONFIG + 'receivers: {ops: {type: webhook, url: https://h, secret: "${file:key}"}}\nroutes: [{notify: [ops]}]\n'
    )
    assert folder.said() == expected


def test_a_secret_in_an_open_config_is_warned_of(folder: Folder) -> None:
    """The file's mode decides."""
    text = CONFIG + "receivers: {ops: {type: webhook, url: https://h, secret: hunter2}}\nroutes: [{notify: [ops]}]\n"
    folder.write("config.yml", text, 0o644)
    assert folder.said() == ["config.yml:4:58 W604"]
    folder.write("config.yml", text, 0o600)
    assert folder.said() == []
    folder.write("config.yml", CONFIG.replace("redis://h", "redis://:hunter2@h"), 0o644)
    assert folder.said() == ["config.yml:1:14 W604"]


@pytest.mark.parametrize("pack", ["sidekiq", "mastodon"])
def test_a_pack_of_the_program_loads_clean(folder: Folder, pack: str) -> None:
    """Each pack is found by name and has not even a warning."""
    folder.write("config.yml", CONFIG.replace("rules.yml", f"pack:{pack}"))
    assert folder.said() == []
    assert load(folder.path / "config.yml").rules.rules


@pytest.mark.parametrize("name", ["mastodn", "", "..", "../rules", "x" * 5_000])
def test_an_unknown_pack_is_a_problem(folder: Folder, name: str) -> None:
    """With the nearest name; a name never leads out of the folder of packs."""
    folder.write("config.yml", CONFIG.replace("rules.yml", f'"pack:{name}"'))
    assert folder.said() == ["config.yml:2:10 E507"]
    assert "mastodon" in inspect(folder.path / "config.yml")[1][0].hint


def test_packs_are_found_in_a_wheel(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed, the packs lie inside the package; they win over a folder that happens to lie beside it."""
    package = folder.path / "site-packages" / "watchdog"
    folder.write("site-packages/rules/sidekiq/foreign.yml", RULE)
    shutil.copytree(Path(config.__file__).parents[2] / "rules", package / "rules")
    monkeypatch.setattr(packs, "_PACKAGE", package)
    assert pack_folder("sidekiq") == package / "rules" / "sidekiq"


def test_rule_files_can_be_checked_without_a_config(folder: Folder) -> None:
    """Files and folders; receivers are not known and so not checked."""
    folder.write("more/a.yml", RULE.replace("slow", "a") + "    notify: [anybody]\n")
    rules, problems = inspect_rules([folder.path / "rules.yml", folder.path / "more"])
    assert problems == ()
    assert [rule.name for rule in rules.rules] == ["slow", "a"]
    problems = inspect_rules([folder.path / "missing.yml"])[1]
    assert [problem.code for problem in problems] == ["E113"]
