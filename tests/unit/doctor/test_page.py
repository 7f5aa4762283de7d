"""Socket, page and metrics: what is amiss with them, and who may do what."""

import asyncio
import grp
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.unit.doctor.conftest import CONFIG
from watchdog.doctor import page
from watchdog.doctor.asked import answered
from watchdog.doctor.found import Health
from watchdog.doctor.who import Running
from watchdog.picture.doors import Door
from watchdog.rulefile.page import NAMED, PageSettings
from watchdog.rulefile.proxied import ProxySettings

TOKENS = {"ada": "a" * 24}
READERS = {"wall": "w" * 24}
AGENT = Running(os.getpid(), os.geteuid(), os.getegid(), (), 0)
Serve = Callable[..., object]


@pytest.mark.parametrize(
    ("settings", "answer", "health", "words"),
    [
        (PageSettings(address="127.0.0.1"), 200, Health.OK, "whoever is on this machine may look"),
        (PageSettings(address="127.0.0.1", origin="http://localhost:8000"), 200, Health.OK, "whoever is on this machine may look"),
        (PageSettings(address="::1", tokens=TOKENS, reading=NAMED), 200, Health.OK, "http://[::1]:7655: who is named may look"),
        (PageSettings(address="0.0.0.0", tokens=TOKENS, reading=NAMED), 200, Health.OK, "who is named may look"),
        (PageSettings(address="0.0.0.0"), 200, Health.WARN, "whoever reaches it may look"),
        (
            PageSettings(address="127.0.0.1", origin="https://w.example.org"),
            200,
            Health.WARN,
            "whoever finds https://w.example.org may look",
        ),
        (PageSettings(address="127.0.0.1"), "no connection: connection refused", Health.FAIL, "connection refused"),
        (PageSettings(address="127.0.0.1"), 404, Health.FAIL, "answers 404 Not Found"),
    ],
)
def test_who_may_look(settings, answer, health, words):
    """Whoever reaches the port, or only who is named; behind a proxy all the world reaches it."""
    found = page.page_of(settings, None, answer)
    assert found.health is health
    assert words in found.says
    assert bool(found.mend) is (health is not Health.OK)


@pytest.mark.parametrize(
    ("settings", "heard", "health", "words"),
    [
        (PageSettings(address="127.0.0.1"), None, Health.OK, "nobody: it is for looking alone"),
        (PageSettings(address="127.0.0.1", tokens=TOKENS), None, Health.OK, "with a token: ada"),
        (PageSettings(address="127.0.0.1", tokens=TOKENS), frozenset({"ada"}), Health.OK, "with a token: ada"),
        (PageSettings(address="127.0.0.1", tokens=TOKENS), frozenset(), Health.WARN, "names others: ada"),
        (
            PageSettings(address="127.0.0.1", tokens=TOKENS, proxy=ProxySettings("x-remote-user", ("127.0.0.1",), "s" * 24)),
            None, Health.OK, "whom the proxy names by x-remote-user, and with a token ada",
        ),
        (PageSettings(address="127.0.0.1", readers=READERS), None, Health.OK, "nobody: it is for looking alone; only to look: wall"),
        (PageSettings(address="127.0.0.1", tokens=TOKENS, readers=READERS), frozenset({"ada"}), Health.OK, "with a token: ada; only to look: wall"),
        (
            PageSettings(address="127.0.0.1", readers=READERS, proxy=ProxySettings("x-remote-user", ("127.0.0.1",), "s" * 24)),
            None, Health.OK, "whom the proxy names by x-remote-user; only to look: wall",
        ),
    ],
)  # fmt: skip
def test_who_may_say_something(settings, heard, health, words):
    """Who has a token or comes by the proxy; where `ask: people:` names anybody, only those."""
    found = page.people_of(settings, heard)
    assert found.health is health
    assert words in found.says
    assert "a" * 24 not in found.says + found.mend
    assert "w" * 24 not in found.says + found.mend


@pytest.mark.parametrize(
    ("url", "answer", "health"),
    [
        ("https://w.example.org", 200, Health.OK),
        ("https://w.example.org", 302, Health.OK),
        ("https://w.example.org", 502, Health.WARN),
        ("https://w.example.org", "its host name can't be resolved", Health.WARN),
        ("http://127.0.0.1:7655", 200, Health.OK),
        ("http://[::1]:7655", 200, Health.OK),
        ("http://10.0.0.7:7655", 200, Health.WARN),
    ],
)
def test_where_messages_lead(url, answer, health):
    """To something that answers, and not in clear over the network."""
    assert page.link_of(url, answer).health is health


def test_metrics_for_whom_the_proxy_names():
    """Without a token nobody else can be asked for; a refusal is what the config wants then, and only then."""
    proxy = ProxySettings("x-remote-user", ("10.0.0.1",), "")
    assert page.metrics_of(PageSettings(address="::", metrics=NAMED, proxy=proxy), 401).health is Health.OK
    assert page.metrics_of(PageSettings(address="::", metrics=NAMED, tokens=TOKENS), 401).health is Health.FAIL
    assert page.metrics_of(PageSettings(address="::", metrics=NAMED, readers=READERS, proxy=proxy), 401).health is Health.FAIL
    assert page.metrics_of(PageSettings(address="127.0.0.1"), 401).health is Health.FAIL
    assert page.metrics_of(PageSettings(address="127.0.0.1"), "no answer within 5 s").health is Health.FAIL


@pytest.mark.parametrize(
    ("settings", "token"),
    [
        (PageSettings(address="::", metrics=NAMED, tokens=TOKENS, readers=READERS), READERS["wall"]),
        (PageSettings(address="::", metrics=NAMED, tokens=TOKENS), TOKENS["ada"]),
        (PageSettings(address="::", metrics=NAMED), ""),
        (PageSettings(address="::", tokens=TOKENS, readers=READERS), ""),
    ],
)
def test_by_whose_token_metrics_are_asked_for(settings, token):
    """One that may do no more than look, where there is one; none where none is needed."""
    assert page._token(settings) == token


def test_a_group_that_does_not_get_to_the_socket(tmp_path):
    """A folder that is closed to it on the way is named; what the agent says of the group goes before."""
    group = grp.getgrgid(os.getegid()).gr_name
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    found = page.socket_of(folder / "api.sock", group, Door("", 1), 200)
    assert found.health is Health.WARN
    assert f"does not let the group {group} through to api.sock" in found.says
    found = page.socket_of(folder / "api.sock", group, Door("", 1, "there is no group x"), 200)
    assert found.says.endswith("there is no group x")


def test_a_group_that_gets_there(monkeypatch, tmp_path):
    """Each folder on the way lets it through."""
    monkeypatch.setattr(page, "_lets_pass", lambda _about, _gid: True)
    group = grp.getgrgid(os.getegid()).gr_name
    found = page.socket_of(tmp_path / "api.sock", group, Door("", 1), 200)
    assert (found.health, found.says.endswith(f"the group {group} may look")) == (Health.OK, True)


@pytest.mark.parametrize(
    ("mode", "gid", "passes"),
    [(0o710, 4, True), (0o700, 4, False), (0o701, 4, False), (0o701, 5, True), (0o710, 5, False), (0o755, 5, True)],
)
def test_who_may_pass_a_folder(mode, gid, passes):
    """A member of its group by the rights of the group alone, as the kernel has it, and others by those of others."""
    assert page._lets_pass(os.stat_result((0o40000 | mode, 0, 0, 1, 0, 4, 0, 0, 0, 0)), gid) is passes


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Serves one answer at a unix socket or on a free port, of which it gives the number; `seen` are the requests."""
    servers = []

    async def begin(answer: bytes, seen: list[bytes], path: Path | None = None) -> int:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            writer.close()

        server = await (asyncio.start_server(handle, "127.0.0.1", 0) if path is None else asyncio.start_unix_server(handle, path))
        servers.append(server)
        return 0 if path is not None else server.sockets[0].getsockname()[1]

    yield begin
    for server in servers:
        server.close()


async def test_what_answers_is_asked(serve, tmp_path):
    """By a port or a socket, with a token where there is one; whatever does not answer is said without the address."""
    seen: list[bytes] = []
    fine = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    port = await serve(fine, seen)
    assert await answered(f"http://127.0.0.1:{port}/metrics", token="secret") == 200
    assert b"GET /metrics " in seen[0]
    assert b"Authorization: Bearer secret" in seen[0]
    await serve(fine, seen, tmp_path / "api.sock")
    assert await answered("http://localhost/healthz", socket=tmp_path / "api.sock") == 200
    assert b"Authorization" not in seen[1]
    assert await answered("http://localhost/healthz", socket=tmp_path / "none.sock") == "no connection: No such file or directory"
    port = await serve(b"garbage\r\n\r\n", seen)
    assert str(await answered(f"http://127.0.0.1:{port}/?token=secret")).startswith("no proper answer: ")


async def test_without_an_agent_nothing_is_asked(look, folder):
    """What needs none is said all the same."""
    (folder / "config.yml").write_text(f'{CONFIG}page: {{listen: "127.0.0.1:1", tokens: {{ada: "9f2c4e1ab07d4f63a5e8c210"}}}}\n')
    points = await look("socket", "page", "page-people", "page-link", "metrics")
    assert points["socket"].says == points["page"].says == points["metrics"].says == "agent first"
    assert points["page-people"].says == "with a token: ada"
    assert points["page-link"].health is Health.SKIPPED


async def test_with_an_agent_that_shows_no_page(look, serve, folder):
    """Its socket answers; there is nothing else to be looked at."""
    (folder / "state").mkdir(mode=0o700)
    await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [], folder / "state/api.sock")
    points = await look("socket", "page", "page-people", "metrics", agent=AGENT)
    assert points["socket"].health is Health.OK
    assert points["page"].says == points["page-people"].says == points["metrics"].says == "the config has no page:"


async def test_whoever_has_the_port_of_the_page_is_shown_no_token(look, serve, folder):
    """The agent does not say that it listens there: any user of this machine can, and would have the token of a person."""
    (folder / "state").mkdir(mode=0o700)
    await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [], folder / "state/api.sock")
    seen: list[bytes] = []
    port = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", seen)
    (folder / "config.yml").write_text(
        f'{CONFIG}page: {{listen: "127.0.0.1:{port}", reading: named, tokens: {{ada: "9f2c4e1ab07d4f63a5e8c210"}}}}\n'
    )
    points = await look("page", "metrics", agent=AGENT)
    assert points["metrics"].says == "page first"
    assert b"9f2c4e1ab07d4f63a5e8c210" not in b"".join(seen)


async def test_messages_that_lead_nowhere(look, folder):
    """A link to a page that the config does not have."""
    (folder / "config.yml").write_text(f'{CONFIG}alerts: {{page: "https://watchdog.example.org"}}\n')
    points = await look("page-link")
    assert (points["page-link"].health, points["page-link"].says) == (
        Health.WARN,
        "messages link to https://watchdog.example.org, and the config has no page:",
    )
