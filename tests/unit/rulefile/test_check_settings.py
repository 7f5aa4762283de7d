"""`checks:` in the config: its types and defaults, what is refused at which place, and that no password is shown."""

import pytest

from watchdog.checks.build import BUILDERS, build
from watchdog.lang.text import Text
from watchdog.model.checks import BY_TYPE, CHECKS
from watchdog.rulefile.checks import host_and_port
from watchdog.rulefile.secrets import Origin, SecretRef
from watchdog.rulefile.settings import read_settings, with_secrets

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
PACE = {"every": 10_000, "timeout": 5_000}


def read(checks: str):
    """What stands under `checks:` by name as (type, values), the problems, and the settings as a whole."""
    settings, problems = read_settings("c.yml", f"{CONFIG}checks: {checks}\n")
    found = {name: (check.type, check.values) for name, check in settings.checks.items()} if settings else None
    return found, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems], settings


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", {}),
        (
            "{db: {type: postgres, user: u, database: d}}",
            {"db": ("postgres", {"host": "/var/run/postgresql", "port": 5432, "database": "d", "user": "u", "tls": "prefer", **PACE})},
        ),
        ("{web: {type: http, url: 'http://h/health', status: 204}}", {"web": ("http", {"url": "http://h/health", "status": 204, **PACE})}),
        ("{s: {type: tcp, address: 'h:1', every: 1m, timeout: 100ms}}", {"s": ("tcp", {"address": "h:1", "every": 60_000, "timeout": 100})}),
        ("{s: {type: command, command: /bin/true -x, user: nobody}}", {"s": ("command", {"command": "/bin/true -x", "user": "nobody", **PACE})}),
    ],
)  # fmt: skip
def test_what_can_be_written(written, expected):
    """Every type with its settings; what is not written has its default."""
    assert read(written)[:2] == (expected, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("[web]", "4:9 E122"),
        ("{w: http}", "4:13 E122"),
        ("{w: {url: 'http://h'}}", "4:13 E121"),
        ("{w: {type: ping}}", "4:20 E515"),
        ("{'a b': {type: tcp, address: 'h:1'}}", "4:11 E514"),
        ("{w: {type: tcp}}", "4:13 E121"),
        ("{w: {type: tcp, address: 'h:1', url: 'http://h'}}", "4:41 E120"),
        ("{w: {type: tcp, address: h}}", "4:34 E516"),
        ("{w: {type: tcp, address: 'h:0'}}", "4:35 E516"),
        ("{w: {type: http, url: h}}", "4:31 E502"),
        ("{w: {type: http, url: 'http://h', status: 99}}", "4:51 E125"),
        ("{w: {type: http, url: 'http://h', every: 999ms}}", "4:50 E125"),
        ("{w: {type: http, url: 'http://h', timeout: 2m}}", "4:52 E125"),
        ("{w: {type: command, command: check}}", "4:38 E516"),
        ("{w: {type: command, command: '/bin/a \"b'}}", "4:39 E516"),
        ("{w: {type: postgres, user: u, database: d, port: 70000}}", "4:58 E125"),
        ("{w: {type: postgres, user: u, database: d, tls: maybe}}", "4:57 E124"),
        ("{w: {type: postgres, user: u, database: d, password: '${vault:x}'}}", "4:63 E505"),
    ],
)
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    found, problems, _ = read(written)

    assert found is None
    assert problems == [problem]


def test_a_password_by_reference_and_a_bare_one():
    """The one is fetched and put in its place, of the other it is said where it stands; neither is ever shown."""
    _, problems, settings = read("{db: {type: postgres, user: u, database: d, password: '${file:pg}'}}")
    assert problems == []
    (secret,) = settings.secrets
    assert secret == SecretRef(("checks", "db", "password"), Origin.FILE, "pg", secret.text)

    filled, wrong = with_secrets(settings, {secret.setting: "hush-hush"})
    assert (filled.checks["db"].values["password"], wrong) == ("hush-hush", ())

    _, _, bare = read("{db: {type: postgres, user: u, database: d, password: hush-hush}}")
    assert [span.column for span in bare.bare_secrets] == [63]
    for shown in (repr(filled), repr(bare), repr(build(filled.checks["db"])), repr(filled.checks["db"].__rich_repr__())):
        assert "hush" not in shown


def test_every_type_can_be_tried():
    """The table of types is that of what can be built."""
    assert set(BUILDERS) == set(BY_TYPE)


@pytest.mark.parametrize("spec", CHECKS, ids=lambda spec: spec.type)
def test_every_example_is_right(spec):
    """A check of all the examples of its type is accepted, and can be built."""
    settings = ", ".join(setting.example for setting in spec.all_settings)
    found, problems, whole = read(f"{{one: {{type: {spec.type}, {settings}}}}}")

    assert problems == []
    assert set(found["one"][1]) == {setting.name for setting in spec.all_settings}
    assert callable(build(whole.checks["one"]))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("localhost:80", ("localhost", 80)), ("[::1]:9200", ("::1", 9200)), ("h", None), ("h:x", None), ("h:70000", None), ("u@h:1", None),
        ("h:1/x", None), ("h :1", None), (":1", None), ("[::1:1", None), ("", None),
    ],
)  # fmt: skip
def test_addresses(address, expected):
    """A host and a port, and nothing else."""
    assert host_and_port(Text(address, "x").value) == expected
