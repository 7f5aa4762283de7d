"""Settings of receivers beyond what each must be by itself: lists of addresses, mailboxes, paths, and what doesn't go together."""

import pytest

from watchdog.model.parameters import Allowance
from watchdog.model.receivers import RECEIVERS
from watchdog.rulefile.settings import Settings, read_settings, with_secrets

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
AM = "type: alertmanager"
MAIL = "type: email, host: mail.example.org, from: w@example.org, to: [ops@example.org]"


def read(settings: str) -> tuple[Settings | None, list[str]]:
    """The settings and the problems."""
    found, problems = read_settings("c.yml", f"{CONFIG}receivers: {{ops: {{{settings}}}}}\n")
    return found, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


def values(settings: str) -> dict:
    """Of one with nothing wrong in it."""
    found, problems = read(settings)
    assert problems == []
    assert found is not None
    return found.receivers["ops"].values


def test_an_alertmanager_by_its_addresses():
    """Each once; it groups and waits by itself."""
    got = values(f"{AM}, urls: ['http://a:9093', 'https://b/x', 'http://a:9093']")
    assert got["urls"] == ("http://a:9093", "https://b/x")
    assert (got["every"], got["group_wait"], got["group_interval"]) == (60_000, 0, 5_000)


def test_mail_with_its_defaults():
    """Encrypted, and gently."""
    got = values(MAIL)
    assert (got["to"], got["tls"], got["group_interval"], got["at_most"]) == (
        ("ops@example.org",),
        "starttls",
        60_000,
        Allowance(60, 3_600_000),
    )
    assert "port" not in got


def test_a_password_takes_its_place():
    """As with every secret."""
    found, problems = read(f"{MAIL}, user: w, password: '${{file:p}}'")
    assert found is not None
    whole, wrong = with_secrets(found, {("receivers", "ops", "password"): "hunter2"})
    assert (problems, wrong, whole.receivers["ops"].values["password"]) == ([], (), "hunter2")
    assert "hunter2" not in repr(whole)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (f"{AM}, urls: []", "4:45 E502"),
        (f"{AM}, urls: [a]", "4:46 E502"),
        (f"{AM}, urls: ['http://a', 'ftp://b']", "4:59 E502"),
        (f"{AM}, urls: http://a", "4:45 E122"),
        (f"{AM}", "4:18 E121"),
        (f"{AM}, urls: ['http://a'], password: x", "4:69 E530"),
        (f"{AM}, urls: ['http://a'], every: 10ms", "4:66 E125"),
        (f"{AM}, urls: ['http://a'], ca: ca.pem", "4:63 E530"),
        (MAIL.replace("w@example.org", "w"), "4:62 E530"),
        (MAIL.replace("[ops@example.org]", "[ops@example.org, 'ada <ada@example.org>']"), "4:100 E530"),
        (MAIL.replace("[ops@example.org]", "[]"), "4:81 E530"),
        (MAIL.replace("mail.example.org", "smtp://mail.example.org"), "4:38 E530"),
        (MAIL.replace("mail.example.org", "mail..example.org"), "4:38 E530"),
        (f"{AM}, urls: ['http://a..example']", "4:46 E502"),
        (f"{AM}, urls: ['http://{'a' * 64}.example']", "4:46 E502"),
        (f"{MAIL}, tls: none, user: w, password: x", "4:117 E530"),
        (f"{MAIL}, tls: maybe", "4:105 E124"),
        (f"{MAIL}, port: 70000", "4:106 E125"),
    ],
)
def test_what_is_refused(settings, problem):
    """With its place; nothing of the config is taken over then."""
    assert read(settings) == (None, [problem])


@pytest.mark.parametrize("spec", RECEIVERS, ids=lambda spec: spec.type)
def test_nobody_is_waited_for_for_ever(spec):
    """A time-out of 0 would be none: no type takes it."""
    own = ", ".join(one.example for one in spec.settings if one.required)
    plain = own.replace("${file:secret}", "x")
    short, _ = read(f"type: {spec.type}, {plain}, timeout: 100ms")
    assert short is not None
    assert short.receivers["ops"].values["timeout"] == 100
    found, problems = read(f"type: {spec.type}, {plain}, timeout: 0s")
    assert found is None
    assert "E125" in [problem.split()[1] for problem in problems]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "'::1'"])
def test_a_password_in_clear_stays_on_the_machine(host):
    """There nobody listens between."""
    assert values(f"{MAIL.replace('mail.example.org', host)}, tls: none, user: w, password: x")["tls"] == "none"


@pytest.mark.parametrize("address", ["a@b", "o'neil+x@sub.example.org", "a.b-c@xn--bcher-kva.example"])
def test_mailboxes(address):
    """As people have them."""
    assert values(MAIL.replace("[ops@example.org]", f'["{address}"]'))["to"] == (address,)


@pytest.mark.parametrize(
    "address", ["a", "@b", "a@", "a b@c", "a@b c", "a@b, c@d", "<a@b>", "a@b@c", "a..b@c", "a@b.", "ü@example.org", '\\"a\\"@b']
)
def test_what_is_no_mailbox(address):
    """A header or a command that another would become of is refused here already."""
    assert [code.split()[1] for code in read(MAIL.replace("[ops@example.org]", f'["{address}"]'))[1]] == ["E530"]
