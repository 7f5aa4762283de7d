"""`mastodon:` in the config: what it can hold, what is refused at which place, and that its token is never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from watchdog.rulefile.mastodon import MastodonSettings, WebLog, host_in_ascii
from watchdog.rulefile.secrets import Origin
from watchdog.rulefile.settings import Settings, read_settings, with_secrets

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
TOKEN = "hunter2-hunter2-hunter2"


def read(written: str) -> tuple[Settings | None, list[str]]:
    """The settings and the problems."""
    settings, problems = read_settings("c.yml", f"{CONFIG}mastodon: {written}\n")
    return settings, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


def plain(domain: str = "example.org", **more) -> MastodonSettings:
    """What is said where little is."""
    return MastodonSettings(domain=domain, **{"url": f"https://{domain}", **more})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{domain: example.org}", plain()),
        ("{domain: Example.ORG.}", plain()),
        ("{domain: bücher.example}", plain("xn--bcher-kva.example")),
        ("{domain: example.org, url: https://social.example.org/}", plain(url="https://social.example.org")),
        ("{domain: example.org, url: http://127.0.0.1:3000}", plain(url="http://127.0.0.1:3000")),
        ("{domain: example.org, url: 'http://[::1]:3000'}", plain(url="http://[::1]:3000")),
        (f"{{domain: example.org, token: {TOKEN}}}", plain(token=TOKEN)),
        ('{domain: example.org, token: "${file:token}"}', plain(token="")),
        ("{domain: example.org, watch: [mastodon.social, Mastodon.Social, bücher.example]}", plain(watch=("mastodon.social", "xn--bcher-kva.example"))),
        ("{domain: example.org, web_log: none}", plain(web_log=WebLog(journal=()))),
        ("{domain: example.org, web_log: {journal: [mastodon-web]}}", plain(web_log=WebLog(journal=("mastodon-web.service",)))),
        ("{domain: example.org, web_log: {files: [/var/log/web.log]}}", plain(web_log=WebLog(journal=(), files=("/var/log/web.log",)))),
    ],
)  # fmt: skip
def test_what_can_be_written(written, expected):
    """What is not written has its default; hosts are as Mastodon writes them down."""
    settings, problems = read(written)
    assert (settings and settings.mastodon, problems) == (expected, [])
    assert settings is not None
    assert settings.mastodon is not None
    assert settings.mastodon.token == expected.token


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{}", "4:11 E121"), ("{url: https://h.example}", "4:11 E121"), ("example.org", "4:11 E122"), ("{domain: example.org, tokens: x}", "4:33 E120"),
        ("{domain: localhost}", "4:20 E520"), ("{domain: https://example.org}", "4:20 E520"), ("{domain: 192.0.2.1}", "4:20 E520"),
        ("{domain: 'example.org:3000'}", "4:21 E520"), ("{domain: a..example}", "4:20 E520"), ("{domain: -a.example}", "4:20 E520"), ("{domain: ex ample.org}", "4:20 E520"),
        ("{domain: example.org, watch: [example.org]}", "4:41 E520"),
        ("{domain: example.org, url: https://www.example.org, watch: [www.example.org]}", "4:71 E520"), ("{domain: example.org, watch: [a.example, b]}", "4:52 E520"), ("{domain: example.org, watch: a.example}", "4:40 E122"),
        ("{domain: example.org, url: http://social.example.org}", "4:38 E521"), ("{domain: example.org, url: https://a.example/path}", "4:38 E521"),
        ("{domain: example.org, url: https://me:pw@a.example}", "4:38 E521"), ("{domain: example.org, url: example.org}", "4:38 E521"),
        ("{domain: example.org, token: short}", "4:40 E522"), ("{domain: example.org, token: with blanks in the middle}", "4:40 E522"), ('{domain: example.org, token: "${vault:x}"}', "4:41 E505"),
        ("{domain: example.org, web_log: {journal: [a], files: [/b]}}", "4:42 E523"), ("{domain: example.org, web_log: {files: [b]}}", "4:51 E125"), ("{domain: example.org, web_log: {journal: [a b]}}", "4:53 E513"),
    ],
)  # fmt: skip
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    assert read(written) == (None, [problem])


def test_more_hosts_than_anybody_should_ask_are_refused():
    """Each of them costs somebody something."""
    hosts = ", ".join(f"h{number}.example" for number in range(101))
    assert read(f"{{domain: example.org, watch: [{hosts}]}}") == (None, ["4:40 E520"])


def test_its_token_can_be_a_secret():
    """It is checked where it comes from, and never shown; a token that is written out is remembered as open."""
    settings, problems = read('{domain: example.org, token: "${file:token}"}')
    assert (settings is not None, problems) == (True, [])
    assert settings is not None
    assert [(one.setting, one.origin, one.name) for one in settings.secrets] == [(("mastodon", "token"), Origin.FILE, "token")]
    assert settings.bare_secrets == ()
    whole, wrong = with_secrets(settings, {("mastodon", "token"): TOKEN})
    assert (whole.mastodon and whole.mastodon.token, wrong) == (TOKEN, ())
    assert "hunter2" not in repr(whole) + pretty_repr(whole)
    refused = with_secrets(settings, {("mastodon", "token"): "hunter2 hunter2 hunter2"})[1]
    assert ([problem.code for problem in refused], "hunter2" in repr(refused)) == (["E522"], False)
    bare, _ = read(f"{{domain: example.org, token: {TOKEN}}}")
    assert bare is not None
    assert [(span.line, span.column) for span in bare.bare_secrets] == [(4, 40)]


@given(st.text(max_size=80))
def test_a_host_is_either_none_or_what_it_stays(written):
    """Whatever stands there: what comes out is ASCII, and comes out of itself unchanged."""
    host = host_in_ascii(written)
    assert host is None or (host.isascii() and host == host.lower() and host_in_ascii(host) == host)
