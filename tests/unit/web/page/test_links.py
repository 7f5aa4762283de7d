"""Addresses within the page."""

import pytest

from watchdog.web.page.links import is_here, to_audit, to_incident, to_post_mortem, to_process, to_why


def test_a_name_is_one_part_of_an_address() -> None:
    """Slashes, dots and question marks in it are its own."""
    assert to_process("web1:12:ab/../c?d") == "/processes/web1%3A12%3Aab%2F..%2Fc%3Fd"
    assert to_incident("..") == "/incidents/%2E%2E"
    assert to_post_mortem("41.2") == "/api/v1/incidents/41.2.md"
    assert to_why("stuck-job", "a|b&c=d") == "/why/stuck-job?entity=a%7Cb%26c%3Dd"
    assert to_why("stuck-job") == "/why/stuck-job"
    assert to_audit(rule="", after=12) == "/audit?after=12"


@pytest.mark.parametrize("path", ["/", "/audit?after=3", "/why/a%2Fb"])
def test_a_way_back_within_the_page(path: str) -> None:
    """An address here begins with one slash."""
    assert is_here(path)


@pytest.mark.parametrize(
    "path", ["", "//evil.example", "/\\evil.example", "https://evil.example/", "/a\r\nSet-Cookie: x", "javascript:alert(1)", "audit"]
)
def test_no_way_to_another_server(path: str) -> None:
    """A form can send nobody elsewhere, nor write a header."""
    assert not is_here(path)
