"""`api:` and `page:` in the config: what they can hold, what is refused at which place, and that no secret is ever shown."""

import pytest
from rich.pretty import pretty_repr

from watchdog.rulefile.api import ApiSettings
from watchdog.rulefile.page import PageSettings
from watchdog.rulefile.proxied import ProxySettings
from watchdog.rulefile.settings import Settings, read_settings, with_secrets

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
TOKEN = "correct-horse-battery-staple"
OTHER = "another-token-of-somebody-else"


def read(written: str) -> tuple[Settings | None, list[str]]:
    """The settings and the problems."""
    settings, problems = read_settings("c.yml", CONFIG + written + "\n")
    return settings, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("127.0.0.1", PageSettings(address="127.0.0.1")),
        ("127.0.0.1:80", PageSettings(address="127.0.0.1", port=80)),
        ("'[::1]:7655'", PageSettings(address="::1")),
        ("'[::1]'", PageSettings(address="::1")),
        ("'::1'", PageSettings(address="::1")),
        (f"192.0.2.1, tokens: {{ada: {TOKEN}}}", PageSettings(address="192.0.2.1", tokens={"ada": TOKEN}, reading="named", metrics="named")),
        (f"192.0.2.1, tokens: {{ada: {TOKEN}}}, metrics: anyone", PageSettings(address="192.0.2.1", tokens={"ada": TOKEN}, reading="named")),
        (f"127.0.0.1, tokens: {{ada: {TOKEN}}}, reading: named", PageSettings(address="127.0.0.1", tokens={"ada": TOKEN}, reading="named", metrics="named")),
        (f"192.0.2.1, readers: {{prometheus: {TOKEN}}}", PageSettings(address="192.0.2.1", readers={"prometheus": TOKEN}, reading="named", metrics="named")),
        (f"127.0.0.1, tokens: {{ada: {TOKEN}}}, readers: {{wall: {OTHER}}}", PageSettings(address="127.0.0.1", tokens={"ada": TOKEN}, readers={"wall": OTHER})),
        ("127.0.0.1, proxy: {header: X-User, from: [192.0.2.7]}", PageSettings(address="127.0.0.1", proxy=ProxySettings("x-user", ("192.0.2.7",)))),
        ("127.0.0.1, origin: 'https://watchdog.example.org:443'", PageSettings(address="127.0.0.1", origin="https://watchdog.example.org")),
        ("127.0.0.1, origin: 'http://watchdog.example.org:80'", PageSettings(address="127.0.0.1", origin="http://watchdog.example.org")),
        ("127.0.0.1, origin: 'http://watchdog.example.org:443'", PageSettings(address="127.0.0.1", origin="http://watchdog.example.org:443")),
        ("127.0.0.1, origin: 'https://[::1]:443'", PageSettings(address="127.0.0.1", origin="https://[::1]")),
        ("127.0.0.1, origin: 'https://Watchdog.example.org/'", PageSettings(address="127.0.0.1", origin="https://watchdog.example.org")),
    ],
)  # fmt: skip
def test_what_can_be_written(written, expected):
    """What is not written has its default, which depends on who can reach the address."""
    settings, problems = read(f"page: {{listen: {written}}}")
    assert settings is not None, problems
    assert settings.page == expected


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{}", "4:7 E121"),
        ("{listen: localhost:7655}", "4:16 E532"),
        ("{listen: 127.0.0.1:0}", "4:16 E532"),
        ("{listen: 127.0.0.1:65536}", "4:16 E532"),
        ("{listen: 127.0.0.1:http}", "4:16 E532"),
        ("{listen: 127.0.0.1, port: 80}", "4:27 E120"),
        ("{listen: 127.0.0.1, tokens: {ada: short}}", "4:41 E533"),
        ("{listen: 127.0.0.1, tokens: {ada: aaaaaaaaaaaaaaaaaaaaaaaa}}", "4:41 E533"),
        (f"{{listen: 127.0.0.1, tokens: {{ada: {TOKEN}, ben: {TOKEN}}}}}", "4:76 E533"),
        (f"{{listen: 127.0.0.1, tokens: {{'a b': {TOKEN}}}}}", "4:37 E533"),
        (f"{{listen: 127.0.0.1, tokens: [{TOKEN}]}}", "4:35 E122"),
        ("{listen: 127.0.0.1, readers: {wall: short}}", "4:43 E533"),
        ("{listen: 127.0.0.1, readers: {wall: aaaaaaaaaaaaaaaaaaaaaaaa}}", "4:43 E533"),
        (f"{{listen: 127.0.0.1, readers: {{wall: {TOKEN}, hall: {TOKEN}}}}}", "4:79 E533"),
        (f"{{listen: 127.0.0.1, readers: {{'a b': {TOKEN}}}}}", "4:38 E533"),
        (f"{{listen: 127.0.0.1, readers: [{TOKEN}]}}", "4:36 E122"),
        (f"{{listen: 127.0.0.1, tokens: {{ada: {TOKEN}}}, readers: {{ada: {OTHER}}}}}", "4:82 E533"),
        (f"{{listen: 127.0.0.1, readers: {{ada: {OTHER}}}, tokens: {{ada: {TOKEN}}}}}", "4:37 E533"),
        (f"{{listen: 127.0.0.1, tokens: {{ada: {TOKEN}}}, readers: {{wall: {TOKEN}}}}}", "4:88 E533"),
        (f"{{listen: 127.0.0.1, readers: {{wall: {TOKEN}}}, proxy: {{header: X-User, from: [127.0.0.1], secret: {TOKEN}}}}}", "4:125 E533"),
        ("{listen: 192.0.2.1}", "4:7 E533"),
        ("{listen: 127.0.0.1, reading: named}", "4:36 E533"),
        ("{listen: 127.0.0.1, reading: everybody}", "4:36 E124"),
        ("{listen: 127.0.0.1, proxy: {header: X-User, from: [127.0.0.1]}}", "4:57 E533"),
        ("{listen: 127.0.0.1, proxy: {header: 'X User', from: [192.0.2.7]}}", "4:44 E533"),
        ("{listen: 127.0.0.1, proxy: {header: X-User, from: []}}", "4:57 E533"),
        ("{listen: 127.0.0.1, proxy: {header: X-User, from: [proxy.example.org]}}", "4:58 E533"),
        ("{listen: 127.0.0.1, proxy: {header: X-User}}", "4:34 E121"),
        ("{listen: 127.0.0.1, origin: watchdog.example.org}", "4:35 E532"),
        ("{listen: 127.0.0.1, origin: 'https://a.example/page'}", "4:36 E532"),
        ("{listen: 127.0.0.1, origin: 'https://ada:x@a.example'}", "4:36 E532"),
    ],
)
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    settings, problems = read(f"page: {written}")
    assert (settings, problem in problems) == (None, True), problems


def test_whoever_reaches_it_may_look():
    """Where the config says so of an address that others reach, it is done, and said what that means."""
    settings, problems = read("page: {listen: 192.0.2.1, reading: anyone}")
    assert settings is not None
    assert settings.page is not None
    assert (settings.page.reading, problems) == ("anyone", ["4:36 W625"])


def test_secrets_are_fetched_and_checked_where_they_come_from():
    """A weak one is refused there, two people may not share one, and none of them is ever shown."""
    settings, problems = read(
        'page: {listen: 127.0.0.1, tokens: {ada: "${file:ada}", ben: "${env:BEN}"}, proxy: {header: X-User, from: [127.0.0.1], secret: "${file:proxy}"}}'
    )
    assert problems == []
    assert settings is not None
    assert [one.setting for one in settings.secrets] == [("page", "tokens", "ada"), ("page", "tokens", "ben"), ("page", "proxy", "secret")]
    contents: dict[tuple[str, ...], str] = {
        ("page", "tokens", "ada"): TOKEN,
        ("page", "tokens", "ben"): TOKEN[::-1],
        ("page", "proxy", "secret"): TOKEN.upper(),
    }
    whole, wrong = with_secrets(settings, contents)
    assert wrong == ()
    assert whole.page is not None
    assert whole.page.tokens == {"ada": TOKEN, "ben": TOKEN[::-1]}
    assert whole.page.proxy == ProxySettings("x-user", ("127.0.0.1",), TOKEN.upper())
    shown = (repr(whole) + pretty_repr(whole)).lower()
    assert TOKEN not in shown
    assert TOKEN[::-1] not in shown
    for bad in ("short", "a" * 30, "with spaces it is longer", TOKEN[::-1], "é" * 10 + TOKEN):
        problems = [problem.code for problem in with_secrets(settings, contents | {("page", "tokens", "ada"): bad})[1]]
        assert "E533" in problems, bad


def test_secrets_of_who_only_looks_are_fetched_too():
    """They are as strong as others, nobody else has one of them, be it a person, another reader or the proxy, and none is ever shown."""
    settings, problems = read(
        'page: {listen: 127.0.0.1, readers: {wall: "${file:wall}", prometheus: "${credential:p}"}, tokens: {ada: "${file:ada}"}, proxy: {header: X-User, from: [127.0.0.1], secret: "${file:proxy}"}}'
    )
    assert (settings is not None, problems) == (True, [])
    assert settings is not None
    ada, wall, prometheus, proxy = (
        ("page", "tokens", "ada"),
        ("page", "readers", "wall"),
        ("page", "readers", "prometheus"),
        ("page", "proxy", "secret"),
    )
    assert [one.setting for one in settings.secrets] == [ada, wall, prometheus, proxy]
    contents: dict[tuple[str, ...], str] = {ada: TOKEN, wall: OTHER, prometheus: TOKEN[::-1], proxy: OTHER[::-1]}
    whole, wrong = with_secrets(settings, contents)
    assert wrong == ()
    assert whole.page is not None
    assert (whole.page.tokens, whole.page.readers) == ({"ada": TOKEN}, {"wall": OTHER, "prometheus": TOKEN[::-1]})
    assert whole.page.named == {"ada": TOKEN, "wall": OTHER, "prometheus": TOKEN[::-1]}
    shown = repr(whole) + pretty_repr(whole)
    assert "prometheus" in shown
    assert [secret for secret in contents.values() if secret in shown] == []
    for place in (wall, prometheus, proxy):
        for bad in ("too-brief", "a" * 30, *(other for where, other in contents.items() if where != place)):
            found = with_secrets(settings, contents | {place: bad})[1]
            assert {problem.code for problem in found} == {"E533"}, (place, bad)
            assert [problem for problem in found if bad in problem.message + problem.hint] == [], place


def test_the_page_is_where_messages_say():
    """`alerts: {page}` names the address under which browsers see it, unless it says so itself."""
    settings, _ = read("page: {listen: 127.0.0.1}\nalerts: {page: 'https://w.example.org/below'}")
    assert settings is not None
    assert settings.page is not None
    assert settings.page.origin == "https://w.example.org"
    settings, _ = read("page: {listen: 127.0.0.1, origin: 'http://other'}\nalerts: {page: 'https://w.example.org'}")
    assert settings is not None
    assert settings.page is not None
    assert settings.page.origin == "http://other"


def test_without_them():
    """The socket is always there, and nothing listens on TCP."""
    settings, problems = read("mode: observe")
    assert problems == []
    assert settings is not None
    assert (settings.api, settings.page) == (ApiSettings("api.sock", ""), None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("{socket: /run/w/api.sock, group: adm}", ApiSettings("/run/w/api.sock", "adm")), ("{group: _w-1}", ApiSettings(group="_w-1"))],
)
def test_the_socket(written, expected):
    """Its path and its group."""
    settings, problems = read(f"api: {written}")
    assert problems == []
    assert settings is not None
    assert settings.api == expected


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (f"{{socket: /{'x' * 100}}}", "4:15 E532"),
        ("{socket: /run/}", "4:15 E532"),
        ("{group: a b}", "4:14 E532"),
        ("{mode: 0666}", "4:7 E120"),
    ],
)
def test_no_socket_like_that(written, problem):
    """What the kernel would not take, and a group that can't be one."""
    assert read(f"api: {written}") == (None, [problem])


def test_nobody_who_has_a_token_may_say_anything():
    """Where `people` names others; a token alone is enough where it names nobody."""
    page = f"page: {{listen: 127.0.0.1, tokens: {{ada: {TOKEN}}}}}\n"
    assert read(page)[1] == []
    assert read(page + "ask: {people: {ben: ['local:ben']}}")[1] == ["4:7 W623"]
    assert read(page + "ask: {people: {ada: ['page:ada']}}")[1] == []


def test_who_only_looks_and_is_to_answer():
    """What `ask: people:` says of them has no effect, and so is said."""
    page = f"page: {{listen: 127.0.0.1, tokens: {{ada: {TOKEN}}}, readers: {{wall: {OTHER}}}}}\n"
    assert read(page + "ask: {people: {ada: ['page:ada'], ben: ['local:wall']}}")[1] == []
    assert read(page + "ask: {people: {ada: ['page:ada'], ben: ['page:wall']}}")[1] == ["4:7 W623"]
