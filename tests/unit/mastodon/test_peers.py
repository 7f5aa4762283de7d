"""Which other servers are told one by one."""

from watchdog.mastodon import peers as peers_module
from watchdog.mastodon.peers import MOST, SHARE, Peers
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind, Source

A, B = Source.DELIVERIES, Source.WEB_LOG


def ids(changes, type_):
    """Of these changes of that type."""
    return [one.id for one in changes if isinstance(one, type_)]


def test_watched_hosts_are_told_by_their_names_before_anything_is_known_of_them():
    """In ASCII and small letters, with the domain that they belong to; what can't be a host is left out."""
    changes = Peers(["Social.Example.ORG.", "b\u00fccher.example", "not a host", ""]).choose()
    assert changes == (
        Delta(Kind.PEER, "social.example.org", {"name": "social.example.org", "domain": "example.org", "watched": True}),
        Delta(Kind.PEER, "xn--bcher-kva.example", {"name": "xn--bcher-kva.example", "domain": "xn--bcher-kva.example", "watched": True}),
    )


def test_a_host_is_told_as_long_as_anybody_claims_it():
    """It is gone with the last claim, and comes back whole."""
    peers = Peers(())
    peers.claim(A, {"a.example": 1.0})
    peers.claim(B, {"a.example": 1.0})
    assert ids(peers.choose(), Delta) == ["a.example"]
    assert peers.tell(A, "a.example", {"failing_days": 2}) == (Delta(Kind.PEER, "a.example", {"failing_days": 2}),)
    peers.claim(A, {})
    assert peers.choose() == ()
    peers.claim(B, {})
    assert ids(peers.choose(), Gone) == ["a.example"]
    assert peers.tell(A, "a.example", {"failing_days": 3}) == ()
    peers.claim(B, {"a.example": 1.0})
    assert ids(peers.choose(), Delta) == ["a.example"]
    assert peers.tell(A, "a.example", {"failing_days": 2}) == (Delta(Kind.PEER, "a.example", {"failing_days": 2}),)


def test_each_source_tells_what_changed_and_only_its_own():
    """What one of them no longer knows becomes unknown; the readings of the other stay."""
    peers = Peers(["a.example"])
    peers.choose()
    peers.tell(A, "a.example", {"failing_days": 2, "failing_at": 5})
    peers.tell(B, "a.example", {"inbound": 1})
    assert peers.tell(A, "a.example", {"failing_days": 2, "failing_at": 5}) == ()
    assert peers.tell(A, "a.example", {"failing_days": 0}) == (Delta(Kind.PEER, "a.example", {"failing_days": 0, "failing_at": None}),)


def test_a_source_that_stops_takes_back_what_it_said():
    """All its readings are unknown; who is told stays the same."""
    peers = Peers(["a.example", "b.example"])
    peers.choose()
    peers.tell(B, "a.example", {"inbound": 1, "inbound_refused": 0})
    assert peers.retract(B) == (Delta(Kind.PEER, "a.example", {"inbound": None, "inbound_refused": None}),)
    assert peers.retract(B) == ()


def test_no_source_crowds_out_another():
    """Each is sure of its share; what one does not need the others get."""
    peers = Peers(["watched.example"])
    peers.claim(A, {f"a{number}.example": 1000.0 + number for number in range(3 * MOST)})
    peers.claim(B, {f"b{number}.example": float(number) for number in range(3 * MOST)})
    peers.choose()
    chosen = peers.chosen
    assert len(chosen) == MOST
    assert "watched.example" in chosen
    assert abs(sum(host.startswith("a") for host in chosen) - SHARE) <= 1
    # The weightiest of each.
    assert f"b{3 * MOST - 1}.example" in peers
    assert "b0.example" not in peers
    peers.claim(B, {"b1.example": 1.0})
    peers.choose()
    assert sum(host.startswith("a") for host in peers.chosen) == MOST - 2


def test_hosts_of_nearly_the_same_weight_do_not_change_places(monkeypatch):
    """One that is told already stays until another is clearly weightier."""
    monkeypatch.setattr(peers_module, "MOST", 1)
    peers = Peers(())
    peers.claim(B, {"a.example": 100.0})
    peers.choose()
    peers.claim(B, {"a.example": 100.0, "b.example": 110.0})
    assert peers.choose() == ()
    peers.claim(B, {"a.example": 100.0, "b.example": 150.0})
    changes = peers.choose()
    assert (ids(changes, Gone), ids(changes, Delta)) == (["a.example"], ["b.example"])


def test_who_is_no_longer_watched_is_gone_unless_claimed():
    """And one that is claimed is told as not watched from then on."""
    peers = Peers(["a.example", "b.example"])
    peers.claim(A, {"a.example": 1.0})
    peers.choose()
    peers.watch(["c.example"])
    changes = peers.choose()
    assert ids(changes, Gone) == ["b.example"]
    assert Delta(Kind.PEER, "a.example", {"watched": False}) in changes
    assert peers.watched == {"c.example"}
