"""Who is logged in by a browser: the cookie, the forms, what other pages have a browser send, and the end of it."""

import pytest

from tests.unit.web.access.guarded import ADA, BEN, HERE, ORIGIN, OURS, Guarded, bearer
from watchdog.rulefile.page import PageSettings
from watchdog.web.access.access import Known
from watchdog.web.access.sessions import PLAIN, SECURE
from watchdog.web.access.visit import Peer, Visit
from watchdog.web.endpoint import Caller
from watchdog.web.failures import NotYoursError, TooOftenError
from watchdog.web.limits import Limits


@pytest.fixture
def logged_in() -> tuple[Guarded, dict[str, str]]:
    """Ada with her cookie."""
    guarded = Guarded()
    cookie, name = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), ADA)
    assert name == "ada"
    assert ADA not in cookie
    return guarded, {PLAIN: cookie}


def test_a_cookie(logged_in):
    """It says who she is; what she sends must be a form of ours."""
    guarded, cookies = logged_in
    known = guarded.asks("POST", cookies=cookies, **OURS)
    assert known.caller == Caller("ada", "page", may_change=True)
    token = guarded.access.form_token(known)
    guarded.access.check_form(known, token)
    for wrong in ("", "x", token[:-1], token.upper(), "é", "\udcff"):
        with pytest.raises(NotYoursError):
            guarded.access.check_form(known, wrong)


def test_the_form_of_another_session(logged_in):
    """Each has its own: who has stolen a form of one has nothing of the other."""
    guarded, cookies = logged_in
    other, _ = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), ADA)
    theirs = guarded.access.form_token(guarded.asks(cookies={PLAIN: other}))
    with pytest.raises(NotYoursError):
        guarded.access.check_form(guarded.asks("POST", cookies=cookies, **OURS), theirs)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"https://{HERE}.evil.example"},
        {"origin": "http://127.0.0.1:80"},
        {"origin": f"http://{HERE}", "sec_fetch_site": "cross-site"},
        {"origin": f"http://{HERE}", "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "cross-site"},
        {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
    ],
)
def test_what_another_page_has_a_browser_send(logged_in, headers):
    """Nothing is changed by it, whatever cookie the browser adds, nor is anybody logged in by it."""
    guarded, cookies = logged_in
    with pytest.raises(NotYoursError):
        guarded.asks("POST", cookies=cookies, **headers)
    with pytest.raises(NotYoursError):
        guarded.asks("POST", "/login", **headers)


@pytest.mark.parametrize("headers", [OURS, {"origin": ORIGIN}, {"sec_fetch_site": "same-origin"}, {"origin": f"https://{HERE}"}])
def test_what_our_own_page_sends(logged_in, headers):
    """As browsers say it, also behind a proxy that speaks https, where they have the safer cookie."""
    guarded, cookies = logged_in
    theirs = {SECURE: cookies[PLAIN]} if headers.get("origin") == ORIGIN else cookies
    assert guarded.asks("POST", cookies=theirs, **headers).caller.name == "ada"
    assert guarded.asks("POST", "/login", **headers) == Known(Caller())


def test_what_another_page_reads():
    """A link from a message may be followed; a script elsewhere gets nothing."""
    guarded = Guarded()
    assert guarded.asks(sec_fetch_site="cross-site", sec_fetch_mode="navigate") == Known(Caller())
    for site in ("cross-site", "same-site"):
        with pytest.raises(NotYoursError):
            guarded.asks(sec_fetch_site=site, sec_fetch_mode="no-cors")
    # A program that was given a token by its user is a program, not a page.
    with pytest.raises(NotYoursError):
        guarded.asks("POST", origin="https://evil.example", **bearer(ADA))


def test_a_session_ends(logged_in):
    """By its time, by leaving, and with the token that it began with."""
    guarded, cookies = logged_in
    guarded.now = Limits().session - 1
    assert guarded.asks(cookies=cookies).caller.name == "ada"
    guarded.now = Limits().session
    assert guarded.asks(cookies=cookies) == Known(Caller())

    again, _ = guarded.access.log_in(Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE}), ADA)
    assert guarded.asks(cookies={PLAIN: again}).caller.name == "ada"
    guarded.access.sessions.end(again)
    assert guarded.asks(cookies={PLAIN: again}) == Known(Caller())


@pytest.mark.parametrize("tokens", [{"ada": BEN}, {"ben": ADA}, {}])
def test_a_reload_takes_a_token_away(logged_in, tokens):
    """All that began with it ends, be it that the name or the secret is another."""
    guarded, cookies = logged_in
    guarded.access.page = PageSettings(address="127.0.0.1", tokens=tokens)
    assert guarded.asks(cookies=cookies) == Known(Caller())


def test_by_https_only_the_safer_cookie_counts(logged_in):
    """One that a neighbour on plain http could have set is none; the safer one is, under whichever name a proxy asks, since no browser sends it otherwise."""
    guarded, cookies = logged_in
    safer = {SECURE: cookies[PLAIN]}
    assert guarded.asks(host="watchdog.example.org", cookies=cookies) == Known(Caller())
    for host in ("watchdog.example.org", HERE):
        assert guarded.asks(host=host, cookies=safer).caller.name == "ada"
    for headers in ({"host": "watchdog.example.org"}, {"host": HERE, "origin": ORIGIN}):
        assert guarded.access.is_secure(Visit(Peer(address="127.0.0.1"), "POST", "/login", headers))
    for headers in ({"host": HERE}, {"host": HERE, **OURS}):
        assert not guarded.access.is_secure(Visit(Peer(address="127.0.0.1"), "POST", "/login", headers))


def test_a_wrong_token_logs_nobody_in():
    """And counts as one that was tried."""
    guarded = Guarded(wrong_tokens=1)
    visit = Visit(Peer(address="198.51.100.4"), "POST", "/login", {"host": HERE} | OURS)
    assert guarded.access.log_in(visit, "guessed") == ("", "")
    with pytest.raises(TooOftenError):
        guarded.access.log_in(visit, ADA)
