"""Whatever a request says of itself: it is admitted or refused with a sentence, and nobody may change anything who has not proven who they are."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from watchdog.rulefile.page import PageSettings
from watchdog.rulefile.proxied import ProxySettings
from watchdog.web.access.access import Access
from watchdog.web.access.sessions import PLAIN, SECURE
from watchdog.web.access.visit import Peer, Visit
from watchdog.web.endpoint import Param
from watchdog.web.failures import NotUnderstoodError, RequestError
from watchdog.web.limits import Limits
from watchdog.web.parameters import checked, from_text

TOKEN = "correct-horse-battery-staple"
WALL = "a-token-for-the-screen-on-the-wall"
SECRET = "what-the-proxy-shows-the-page"
ORIGIN = "https://watchdog.example.org"
PROXY = "192.0.2.7"
HOSTS = st.sampled_from(["127.0.0.1:7655", "watchdog.example.org", "evil.example", "", "localhost", "[::1]:1", "[", "web1"]) | st.text(
    max_size=20
)
ORIGINS = st.sampled_from(["http://127.0.0.1:7655", ORIGIN, "https://evil.example", "null"]) | st.text(max_size=20)
TEXT = st.text(max_size=30)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "host": HOSTS, "origin": ORIGINS, "sec-fetch-site": st.sampled_from(["same-origin", "none", "same-site", "cross-site"]) | TEXT, "sec-fetch-mode": st.sampled_from(["navigate", "cors"]) | TEXT,
        "authorization": st.sampled_from([f"Bearer {TOKEN}", f"bearer {TOKEN} ", f"Bearer {WALL}", "Bearer", "Bearer x", f"Basic {TOKEN}"]) | TEXT,
        "x-remote-user": st.sampled_from(["carla", "", "x" * 80]) | TEXT, "x-watchdog-proxy": st.sampled_from([SECRET, SECRET[:-1]]) | TEXT, "x-watchdog-by": st.sampled_from(["root", "ada"]) | TEXT,
    },
)  # fmt: skip
PAGES = st.builds(
    PageSettings, address=st.just("127.0.0.1"), tokens=st.sampled_from([{}, {"ada": TOKEN}, {"ada": ""}]), readers=st.sampled_from([{}, {"wall": WALL}, {"wall": WALL, "carla": ""}]), proxy=st.sampled_from([None, ProxySettings("x-remote-user", (PROXY,), SECRET)]),
    reading=st.sampled_from(["anyone", "named"]), metrics=st.sampled_from(["anyone", "named"]), origin=st.sampled_from(["", ORIGIN]),
)  # fmt: skip
PEERS = st.sampled_from(
    [
        Peer(address="198.51.100.4"),
        Peer(address=PROXY),
        Peer(address="fe80::1%eth0"),
        Peer(address="::"),
        Peer(uid=0),
        Peer(uid=990),
        Peer(uid=12_345),
    ]
)


@given(page=PAGES, peer=PEERS, method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]), path=st.sampled_from(["/", "/metrics", "/login", "/logout", "/healthz", "/api/v1/pause"]) | TEXT, headers=HEADERS, cookie=st.sampled_from(["", "theirs", "of the wall", "guessed"]), name=st.sampled_from([PLAIN, SECURE]))  # fmt: skip
@example(page=PageSettings(address="127.0.0.1", tokens={"ada": TOKEN}), peer=Peer(address=PROXY), method="POST", path="/", headers={"host": "evil.example", "authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"}, cookie="", name=PLAIN)  # fmt: skip
def test_nobody_may_change_anything_who_has_not_proven_who_they_are(page, peer, method, path, headers: dict[str, Any], cookie, name):
    """A token, a session that began with one and comes from our page, the proxy with its secret, or the kernel's word on this machine; only the last may arm."""
    access = Access(limits=Limits(), now=lambda: 0.0, own_uid=990)
    access.page = page
    said = {"theirs": access.sessions.begin("ada", TOKEN, 0.0), "of the wall": access.sessions.begin("wall", WALL, 0.0)}.get(cookie, cookie)
    visit = Visit(peer, method, path, headers, {name: said} if said else {})
    try:
        known = access.admit(visit)
    except RequestError:
        return
    caller = known.caller
    assert caller.may_arm is (peer.uid in (0, 990))
    assert caller.may_change is (bool(caller.name) and (peer.uid is not None or caller.name not in page.readers))
    if caller.name and not caller.may_change:
        assert method in ("GET", "HEAD") or path in ("/login", "/logout")
    if caller.may_change and peer.uid is None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        by_token = kind.lower() == "bearer" and token.strip() == TOKEN and page.tokens.get("ada") == TOKEN
        by_cookie = cookie == "theirs" and page.tokens.get("ada") == TOKEN
        by_proxy = (
            page.proxy is not None
            and peer.address == PROXY
            and headers.get("x-watchdog-proxy") == SECRET
            and bool(headers.get("x-remote-user"))
        )
        assert by_token or by_cookie or by_proxy
        if not by_token:
            assert headers.get("host") != "evil.example"
            assert known.bound_to
            if method not in ("GET", "HEAD"):
                assert headers.get("origin") or headers.get("sec-fetch-site") == "same-origin"
                assert headers.get("origin") not in ("https://evil.example", "null")
    if not caller.name and peer.uid is None and page.reading == page.metrics == "named":
        assert path in ("/login", "/healthz") or path.startswith("/static/")


PARAMS = (
    Param("name", "A name.", {"type": "string", "maxLength": 5}),
    Param("limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 500}),
    Param("open", "Whether.", {"type": "boolean"}),
    Param("label", "Labels.", {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "string"}}),
    Param("force", "Several.", {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}),
)
NAMES = st.sampled_from(["name", "limit", "open", "label", "label.x", "force", "."]) | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(TEXT, one, max_size=3),
)


@given(given_=st.lists(st.tuples(NAMES, st.text(st.characters(), max_size=10) | st.sampled_from(["1", "500", "true", "a"])), max_size=4), values=st.dictionaries(NAMES, JSON, max_size=3))  # fmt: skip
def test_what_is_given_fits_or_is_refused(given_, values):
    """Whoever sends it, as text or as JSON: an endpoint is handed nothing that its schema does not have."""
    for read, what in ((from_text, given_), (checked, values)):
        try:
            found = read(PARAMS, what)  # type: ignore[operator]
        except NotUnderstoodError:
            continue
        assert set(found) <= {param.name for param in PARAMS}
        assert isinstance(found.get("name", ""), str)
        assert len(found.get("name", "")) <= 5
        assert isinstance(found.get("open", True), bool)
        assert isinstance(found.get("limit", 1), int)
        assert 1 <= found.get("limit", 1) <= 500
        assert set(found.get("force", [])) <= {"a", "b"}
        assert len(found.get("label", {})) <= 2
