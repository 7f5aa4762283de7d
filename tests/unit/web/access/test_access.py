"""Who may do what, by which door: said by a few words of a request, without a server."""

from typing import Any

import msgspec
import pytest

from tests.unit.web.access.guarded import ADA, BEN, HERE, LOOKED_AT, OURS, OWN, PROXIED, SECRET, WALL, Guarded, bearer
from watchdog.rulefile.page import PageSettings
from watchdog.web.access.access import Known
from watchdog.web.access.sessions import PLAIN, SECURE
from watchdog.web.access.visit import Peer, Visit
from watchdog.web.endpoint import Caller
from watchdog.web.failures import NotHereError, NotYoursError, RequestError, TooOftenError, UnknownCallerError


def test_whoever_only_looks():
    """On loopback everybody may, and changes nothing."""
    assert Guarded().asks() == Known(Caller())
    with pytest.raises(UnknownCallerError):
        Guarded().asks("POST", **OURS)


@pytest.mark.parametrize("token", [ADA, BEN])
def test_a_token(token):
    """Whose it is may change things, from wherever, and arm nothing."""
    caller = Guarded().asks("POST", **bearer(token)).caller
    assert caller == Caller("ada" if token == ADA else "ben", "page", may_change=True)
    assert not caller.may_arm


@pytest.mark.parametrize("token", ["", "x", ADA[:-1], ADA + "x", ADA.upper(), "é" * 20, "\udcff", "ada"])
def test_a_wrong_token(token):
    """It is not even good for looking; an empty one is none at all."""
    guarded = Guarded()
    if not token:
        assert guarded.asks(**bearer(token)) == Known(Caller())
    else:
        with pytest.raises(UnknownCallerError):
            guarded.asks(**bearer(token))


def test_a_person_without_a_secret():
    """As long as it could not be fetched nobody comes by it."""
    guarded = Guarded(PageSettings(address="127.0.0.1", tokens={"ada": ""}))
    with pytest.raises(UnknownCallerError):
        guarded.asks(**bearer("x"))


def test_wrong_tokens_are_tried_slowly():
    """After a few from one address no more is looked at for a while, the right one neither; others are not kept waiting."""
    guarded = Guarded(wrong_tokens=3, wrong_every=20.0)
    for _ in range(3):
        with pytest.raises(UnknownCallerError):
            guarded.asks(**bearer("guessed"))
    with pytest.raises(TooOftenError) as caught:
        guarded.asks(**bearer(ADA))
    assert 1 <= caught.value.after <= 20
    assert guarded.asks(peer=Peer(address="198.51.100.5"), **bearer(ADA)).caller.name == "ada"
    # Who only looks is not kept waiting either.
    assert guarded.asks() == Known(Caller())
    guarded.now += 20.0
    assert guarded.asks(**bearer(ADA)).caller.name == "ada"


def test_a_household_is_one_of_ipv6():
    """Whoever has a network of them does not get a try for each address."""
    guarded = Guarded(wrong_tokens=2, wrong_every=60.0)
    for number in range(2):
        with pytest.raises(UnknownCallerError):
            guarded.asks(peer=Peer(address=f"2001:db8::{number}"), **bearer("guessed"))
    with pytest.raises(TooOftenError):
        guarded.asks(peer=Peer(address="2001:db8::ffff"), **bearer(ADA))
    assert guarded.asks(peer=Peer(address="2001:db8:0:1::1"), **bearer(ADA)).caller.name == "ada"


def test_who_asks_too_much():
    """It is told when it may ask again; root and the agent's own user are never."""
    guarded = Guarded(burst=3, rate=1.0)
    for _ in range(3):
        guarded.asks()
    with pytest.raises(TooOftenError) as caught:
        guarded.asks()
    assert caught.value.after == 1
    guarded.now += 1.0
    guarded.asks()
    for _ in range(10):
        guarded.asks(peer=Peer(uid=0))
        guarded.asks(peer=Peer(uid=OWN))


def test_who_says_too_much():
    """A person with a script does not fill the audit log; who looks, and the machine itself, are not kept waiting."""
    guarded = Guarded(said_burst=2, said_rate=0.1)
    for _ in range(2):
        guarded.asks("POST", **bearer(ADA))
    with pytest.raises(TooOftenError) as caught:
        guarded.asks("POST", **bearer(ADA))
    assert caught.value.after == 10
    assert guarded.asks(**bearer(ADA)).caller.name == guarded.asks(
        "POST", peer=Peer(address="198.51.100.9"), **bearer(BEN)
    ).caller.name.replace("ben", "ada")
    for _ in range(5):
        guarded.asks("POST", peer=Peer(uid=0))
    guarded.now += 10.0
    guarded.asks("POST", **bearer(ADA))


def test_whether_it_lives():
    """Who balances loads may ask by any name, and learns nothing but that."""
    assert Guarded().asks(path="/healthz", host="anything.example") == Known(Caller())
    with pytest.raises(NotHereError):
        Guarded().asks("POST", "/healthz", host="anything.example")


@pytest.mark.parametrize("path", ["/api/v1/status", "/", "/metrics", "/static", "/login/x", "/healthzz"])
def test_only_who_is_named_may_look(path):
    """Where the config says so; the way to say who one is stays open."""
    guarded = Guarded(PageSettings(address="192.0.2.1", tokens={"ada": ADA}, reading="named", metrics="named"))
    with pytest.raises(UnknownCallerError):
        guarded.asks(path=path, host="192.0.2.1:7655")
    assert guarded.asks(path=path, host="192.0.2.1:7655", **bearer(ADA)).caller.name == "ada"
    for open_to_all in ("/healthz", "/login", "/static/page-0a1b.css"):
        assert guarded.asks(path=open_to_all, host="192.0.2.1:7655") == Known(Caller())


def test_metrics_can_be_for_others_than_the_page():
    """Both ways."""
    guarded = Guarded(PageSettings(address="192.0.2.1", tokens={"ada": ADA}, reading="named", metrics="anyone"))
    assert guarded.asks(path="/metrics", host="192.0.2.1:7655") == Known(Caller())
    guarded = Guarded(PageSettings(address="127.0.0.1", tokens={"ada": ADA}, reading="anyone", metrics="named"))
    with pytest.raises(UnknownCallerError):
        guarded.asks(path="/metrics")


@pytest.mark.parametrize(
    "host", [HERE, "127.0.0.1", "localhost:7655", "[::1]:7655", "192.0.2.1:80", "watchdog.example.org", "Watchdog.Example.org:443", "web1:7655", "w.localhost"]
)  # fmt: skip
def test_names_that_are_ours(host):
    """Addresses, this machine's name, and what the config says."""
    assert Guarded().asks(host=host) == Known(Caller())


@pytest.mark.parametrize(
    "host", ["", "evil.example", "watchdog.example.org.evil.example", "web1.evil.example", "127.0.0.1.evil.example", "xwatchdog.example.org", "[::1", "localhost.evil.example", "web2", "127.0.0.1@evil.example"]
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_names_that_are_not(host, method):
    """A page of somebody else that has its own name lead to us reads nothing and changes nothing (DNS rebinding), not even with a cookie."""
    guarded = Guarded()
    cookie, _ = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), ADA)
    for cookies in ({}, {PLAIN: cookie}, {SECURE: cookie}):
        with pytest.raises(NotHereError):
            guarded.asks(method, host=host, cookies=cookies)


def test_a_program_may_use_any_name():
    """What holds a token is no browser that somebody leads astray."""
    assert Guarded().asks(host="monitored.example.net:7655", **bearer(ADA)).caller.name == "ada"


PROXY = Peer(address="192.0.2.7")
BY_PROXY: dict[str, Any] = {"x_remote_user": "carla", "x_watchdog_proxy": SECRET}


def test_whom_a_proxy_has_logged_in():
    """It names her; what she sends must be a form of ours all the same."""
    guarded = Guarded(PROXIED)
    known = guarded.asks("POST", peer=PROXY, **BY_PROXY, **OURS)
    assert known.caller == Caller("carla", "page", may_change=True)
    guarded.access.check_form(known, guarded.access.form_token(known))
    with pytest.raises(NotYoursError):
        guarded.access.check_form(known, "")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (Peer(address="198.51.100.4"), BY_PROXY),
        (Peer(address="192.0.2.70"), BY_PROXY),
        (PROXY, {"x_remote_user": "carla"}),
        (PROXY, BY_PROXY | {"x_watchdog_proxy": "guessed"}),
        (PROXY, BY_PROXY | {"x_remote_user": " "}),
        (PROXY, BY_PROXY | {"x_remote_user": "x" * 65}),
        (PROXY, BY_PROXY | {"x_remote_user": "carla\x1b[2J"}),
        (PROXY, {"x_watchdog_proxy": SECRET, "x_user": "carla"}),
    ],
)
def test_what_is_not_the_proxy(peer, headers):
    """From elsewhere, or without the secret, the header names nobody."""
    assert Guarded(PROXIED).asks(peer=peer, **headers) == Known(Caller())


def test_the_header_counts_nothing_without_a_proxy():
    """Where the config has none."""
    assert Guarded().asks(peer=PROXY, **BY_PROXY) == Known(Caller())


@pytest.mark.parametrize(("uid", "name"), [(0, "root"), (OWN, f"uid {OWN}")])
def test_on_the_socket(uid, name):
    """Root and the user of the agent may say everything; a host name or an origin means nothing there."""
    known = Guarded().asks("POST", peer=Peer(uid=uid), host="api", origin="https://evil.example")
    assert known == Known(Caller(name, "local", may_change=True, may_arm=True))


def test_root_asks_for_somebody():
    """As sudo says for whom; nobody else can."""
    assert Guarded().asks(peer=Peer(uid=0), x_watchdog_by="ada").caller.name == "ada"
    for wrong in ("x" * 65, "a\nb", "\x1b[2J"):
        with pytest.raises(NotYoursError):
            Guarded().asks(peer=Peer(uid=0), x_watchdog_by=wrong)


def test_others_on_the_socket_only_look():
    """Whoever the file of the socket lets in; their tokens don't count there, nor do names that they give themselves."""
    other = Peer(uid=12_345)
    assert Guarded().asks(peer=other, x_watchdog_by="root") == Known(Caller(channel="local"))
    with pytest.raises(NotYoursError):
        Guarded().asks("POST", peer=other, x_watchdog_by="root", **bearer(ADA))


def test_the_page_was_taken_away():
    """What still comes by a connection from before gets nothing."""
    with pytest.raises(RequestError):
        Guarded(None).asks(**bearer(ADA))


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/api/v1/events", "/fragments/needs"])
def test_who_has_a_token_to_look(path):
    """It opens all that can be looked at, by name."""
    guarded = Guarded(LOOKED_AT)
    with pytest.raises(UnknownCallerError):
        guarded.asks(path=path)
    assert guarded.asks(path=path, **bearer(WALL)) == Known(Caller("wall", "page"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/v1/pause", "/api/v1/approve", "/api/v1/arm", "/say/pause", "/", "/login/", "//logout"])
def test_who_only_looks_says_nothing(method, path):
    """By whichever way they come, and they are told what it would take; who may say something is heard."""
    guarded = Guarded(LOOKED_AT)
    cookie, name = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), WALL)
    assert name == "wall"
    for options in (bearer(WALL), {"cookies": {PLAIN: cookie}, **OURS}):
        with pytest.raises(NotYoursError, match=r"^wall may look here, and say nothing$") as caught:
            guarded.asks(method, path, **options)
        assert "page: tokens" in caught.value.hint
    assert guarded.asks(method, path, **bearer(ADA)).caller.may_change


def test_who_only_looks_comes_and_goes():
    """The page knows them by a cookie as anybody, and lets them out, or in as somebody else."""
    guarded = Guarded(LOOKED_AT)
    cookie, _ = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), WALL)
    cookies = {PLAIN: cookie}
    assert guarded.asks(cookies=cookies) == Known(Caller("wall", "page"), f"cookie {cookie}")
    for path in ("/login", "/logout"):
        known = guarded.asks("POST", path, cookies=cookies, **OURS)
        guarded.access.check_form(known, guarded.access.form_token(known))
        with pytest.raises(NotYoursError):
            guarded.access.check_form(known, "")


def test_a_reload_takes_a_voice_away():
    """Whoever is only to look from now on says nothing more, in a session of before neither; and the other way round."""
    guarded = Guarded(LOOKED_AT)
    cookie, _ = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), ADA)
    for page, may in ((PageSettings(address="127.0.0.1", readers={"ada": ADA}), False), (LOOKED_AT, True)):
        guarded.access.page = page
        assert guarded.asks(cookies={PLAIN: cookie}).caller == Caller("ada", "page", may_change=may)


def test_whom_the_proxy_names_and_who_only_looks():
    """A name has one meaning: the proxy gives nobody a voice whose token has none."""
    guarded = Guarded(msgspec.structs.replace(PROXIED, readers={"carla": WALL}))
    assert guarded.asks(peer=PROXY, **BY_PROXY).caller == Caller("carla", "page")
    with pytest.raises(NotYoursError):
        guarded.asks("POST", peer=PROXY, **BY_PROXY, **OURS)
