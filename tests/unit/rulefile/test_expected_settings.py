"""`settings:` of the config."""

from watchdog.rulefile.expected import ExpectedSetting
from watchdog.rulefile.settings import read_settings

HEAD = "redis: {url: redis://h}\nrules: [r.yml]\nstate: s\n"


def read(text):
    """The settings that are expected, and what is wrong."""
    settings, problems = read_settings("config.yml", f"{HEAD}settings:\n{text}")
    return None if settings is None else settings.expected, [(problem.code, problem.message) for problem in problems]


def test_settings_that_are_expected():
    """Each has a name, a file and a key; what it must hold stands as it was written, be it a number or a word of YAML."""
    assert read('  pool: {file: .env.production, key: DB_POOL, is: 25}\n  any: {file: /etc/x, key: K}\n  on: {file: a.yml, key: a.b, is: "yes"}\n') == (
        {
            "pool": ExpectedSetting("pool", ".env.production", "DB_POOL", "25"),
            "any": ExpectedSetting("any", "/etc/x", "K"),
            "on": ExpectedSetting("on", "a.yml", "a.b", "yes"),
        },
        [],
    )  # fmt: skip


def test_what_is_wrong():
    """It is said at its place, and what a setting must hold is quoted nowhere."""
    found, problems = read(
        "  'a b': {file: x, key: y}\n  up: {file: ../x, key: y, is: hush}\n  none: {file: x}\n  folder: {file: /, key: y}\n"
        '  odd: {file: x, key: "a\\tb", is: hush}\n  list: {file: x, key: y, is: [hush]}\n'
    )
    assert found is None
    assert problems == [
        ("E524", "'a b' can't be the name of a setting"),
        ("E524", "'file' is no path of a file"),
        ("E121", "the key 'key' is missing in an expected setting"),
        ("E524", "'file' is no path of a file"),
        ("E524", "'key' is no name of a setting"),
        ("E122", "'is' must be a single value, found a list"),
    ]
    assert "hush" not in repr(ExpectedSetting("a", "b", "c", "hush"))


def test_more_than_anybody_needs():
    """Two hundred are enough."""
    assert read("".join(f"  s{n}: {{file: x, key: y}}\n" for n in range(201)))[1] == [("E524", "'settings' names more than 200")]
