"""Whether we are on the list that another server publishes."""

import contextlib
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.mastodon.published_blocks import StrangeListError, Us, names_of

US = Us(["social.example.org"])


def entry(domain: str, severity: str | None = "suspend", *, shown: str | None = None, digest: bool = True) -> dict[str, object]:
    """As Mastodon has it."""
    said: dict[str, object] = {"domain": domain if shown is None else shown, "severity": severity, "comment": "?"}
    return {**said, "digest": hashlib.sha256(domain.encode()).hexdigest()} if digest else said


def judged(*entries: object, us: Us = US) -> str:
    """What the list says of us."""
    return us.blocked_by(json.dumps(entries).encode())


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], ""),
        ([entry("bad.example"), entry("example.com")], ""),
        ([entry("social.example.org")], "suspend"),
        ([entry("social.example.org", "silence")], "silence"),
        ([entry("social.example.org", shown="so****.*******.org")], "suspend"),
        # A rule on a domain holds for all that lies in it …
        ([entry("example.org", "silence")], "silence"),
        ([entry("org")], "suspend"),
        # … unless there is one for something narrower; a narrower one than ours is not about us.
        ([entry("example.org"), entry("social.example.org", "silence")], "silence"),
        ([entry("www.social.example.org")], ""),
        ([entry("othersocial.example.org")], ""),
        ([entry("social.example.org", "silence"), entry("social.example.org")], "suspend"),
        # Other software has no digests.
        ([entry("Social.Example.org.", digest=False)], "suspend"),
        ([entry("bad.example", digest=False), entry("b*d.example", digest=False)], ""),
        # Whatever stands in rules about others is theirs.
        ([entry("bad.example", "explode"), {"domain": None}, {}, {"digest": ""}], ""),
    ],
)
def test_what_a_list_says_of_us(entries, said):
    """By the digest where there is one, by the name otherwise."""
    assert judged(*entries) == said


def test_a_list_with_digests_in_capitals():
    """Hexadecimal is the same in both."""
    one = entry("social.example.org")
    assert judged({**one, "digest": str(one["digest"]).upper()}) == "suspend"


@pytest.mark.parametrize(
    "entries",
    [
        [entry("social.example.org", "noop")], [entry("social.example.org", None)], [entry("social.example.org", "reject")], [entry("social.example.org", shown="so****.*******.org"[:-4] + ".org", digest=False) | {"domain": "s*****.e******.org"}],
    ],
)  # fmt: skip
def test_what_is_not_understood_is_not_taken_for_no(entries):
    """A severity that nobody knows, or a half hidden name without a digest that could be ours."""
    with pytest.raises(StrangeListError):
        judged(*entries)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"{}", b'{"error": "x"}', b"[1]", b'["a.example"]', b"[[]]", b'[{"domain": 1}]', b'[{"digest": {}}]', b'[{"severity": []}]', b"<html>", b"\xff", b"[", b"[" * 1_000_000, b'{"a":' * 100_000, b'[{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_what_is_no_list(body):
    """However deep or long it is."""
    with pytest.raises(StrangeListError):
        US.blocked_by(body)


def test_a_million_rules_are_not_taken_in():
    """What fits into five megabytes can be more than anybody has room for; the longest real list fits ten times."""
    with pytest.raises(StrangeListError, match="more than 50,000"):
        US.blocked_by(b"[" + b",".join([b"{}"] * 1_000_000) + b"]")
    assert US.blocked_by(json.dumps([entry(f"d{number}.example") for number in range(25_000)]).encode()) == ""


def test_numbers_without_end_are_passed_over():
    """In what is of no interest they are not even read."""
    assert US.blocked_by(b'[{"domain": "a.example", "x": ' + b"9" * 1_000_000 + b"}]") == ""


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["domain", "digest", "severity", "x"]), inner),
    ).map(lambda one: json.dumps(one).encode())
)
def test_any_body_is_judged_or_refused(body):
    """Nothing else can come of it."""
    with contextlib.suppress(StrangeListError):
        assert US.blocked_by(body) in {"", "silence", "suspend"}


def test_under_both_of_our_names():
    """A rule on the host of our pages keeps our signatures from being accepted as well; the stricter one counts."""
    both = Us(names_of("example.org", "social.example.org"))
    assert judged(entry("social.example.org", "silence"), us=both) == "silence"
    assert judged(entry("social.example.org", "silence"), entry("example.org"), us=both) == "suspend"
    assert (
        names_of("example.org", "127.0.0.1")
        == names_of("example.org", "example.org")
        == names_of("example.org", "localhost")
        == ("example.org",)
    )
