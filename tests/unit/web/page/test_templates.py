"""Every page, drawn from views made by hand."""

import unicodedata
from collections import Counter
from functools import cache
from typing import Any

import jinja2
import pytest

from tests.unit.web.page import seen
from tests.unit.web.page.reading import Page
from watchdog.lang.glob import exactly
from watchdog.web.page.assets import assets
from watchdog.web.page.drawing import draw
from watchdog.web.page.notices import Notice
from watchdog.web.page.sections import SECTIONS
from watchdog.web.paging import Slice

TEMPLATES = ("all.html", *seen.stories())
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eevil\u2066\u200b",
    "javascript:alert(1)//",
    "\x1b[31m\x00\r\nSet-Cookie: a=b",
    "../../../etc/passwd?x=1#y",
    "x" * 5_000,
    "</title></style></textarea><!--",
    "&lt;script&gt;",
)


def _page(template: str, **given: Any) -> Page:
    return Page(seen.page(template, **given))


@cache
def _usual(template: str) -> Page:
    return _page(template)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("may_change", [True, False])
def test_a_page_is_sound(template: str, may_change: bool) -> None:
    """Elements stand in each other as they must, no id is there twice, each label and each reference names something, and every field has a name that is read aloud."""
    page = _page(template, may_change=may_change)
    ids = Counter(one.attributes["id"] for one in page.elements if "id" in one.attributes)

    assert not page.faults
    assert [id_ for id_, number in ids.items() if number > 1] == []
    for one in page.elements:
        for name in ("for", "aria-labelledby"):
            assert set(one.attributes.get(name, "").split()) <= set(ids), one.attributes
        if one.tag in {"input", "select"} and one.attributes.get("type") != "hidden":
            assert page.all("label", **{"for": one.attributes["id"]}), one.attributes
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_keeps_to_its_policy(template: str) -> None:
    """No style, script or handler stands in the document, and nothing comes from another server."""
    page = _page(template)

    for one in page.elements:
        assert one.tag != "style"
        assert not [name for name in one.attributes if name == "style" or name.startswith("on")], one.attributes
        for name in ("href", "src", "action", "formaction"):
            assert one.attributes.get(name, "/").startswith(("/", "#"))
            assert not one.attributes.get(name, "/").startswith("//")
    assert [one.attributes["src"] for one in page.all("script")] == [assets()["page.js"].path]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_strangers_call_things_does_nothing(template: str, name: str) -> None:
    """The page has the elements that it always has, with the same attributes, and nothing in it hides anything."""
    page, usual = _page(template, name=name), _usual(template)

    assert not page.faults
    assert Counter(one.tag for one in page.elements) == Counter(one.tag for one in usual.elements)
    assert {key for one in page.elements for key in one.attributes} == {key for one in usual.elements for key in one.attributes}
    assert not [
        char
        for char in page.text
        if unicodedata.category(char) in {"Cf", "Cs"} or (unicodedata.category(char) == "Cc" and char not in "\n\t")
    ]
    assert max(map(len, page.texts)) <= 700


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_form_that_says_something_can_be_told_from_one_of_somebody_else(template: str) -> None:
    """Each holds the token of the session, and goes to where things are said."""
    page = _page(template)
    forms = page.all("form", method="post")

    assert forms
    for form in forms:
        assert [one for one in page.all("input", type="hidden", name="form_token", value="t0ken") if one.within("form") is form]
        assert form.attributes["action"].startswith(("/say/", "/logout", "/login"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_whoever_only_looks_is_shown_no_form(template: str) -> None:
    """Where nothing would be heard nothing can be sent; the way to log in is there."""
    page = _page(template, may_change=False)

    assert not page.all("form", method="post")
    assert [one for one in page.all("a") if one.attributes["href"].startswith("/login?back=")]


def test_what_is_sent_names_what_it_came_from() -> None:
    """However a name looks, the very text goes back; where a pattern is wanted, one that fits nothing else."""
    name = f'"><script>\u202e*[{"x" * 400}'
    page = _page("all.html", name=name)

    assert exactly(f"{name}|0") in [one.attributes["value"] for one in page.all("input", type="hidden", name="entity")]


def test_without_a_script_everything_can_be_read() -> None:
    """Nothing is left to be filled in; only what needs a script is hidden without one."""
    page = _page("all.html")

    assert [one.attributes["id"] for one in page.elements if "hidden" in one.attributes] == ["theme", "help"]
    for words in ("recover_process", "12,480", "web1-sidekiq-0.service", "too few threads", "push would be left with 25 of 50 threads"):
        assert words in page.text


def test_each_section_says_where_it_comes_from() -> None:
    """So the script knows what to ask for when it has changed."""
    page = _page("all.html")

    assert [one.attributes["data-from"] for one in page.all("section")] == [f"/fragments/{one.name}" for one in SECTIONS]
    for one, section in zip(page.all("section"), SECTIONS, strict=True):
        assert one.attributes["data-of"].split() == list(section.of)
        assert ("data-moves" in one.attributes) is section.moves


def test_what_came_of_a_form_is_shown_and_read_aloud() -> None:
    """As an alert, above everything."""
    page = _page("all.html", notice=Notice(good=False, title="Refused", text="<b>no</b>"))

    assert [one.text.strip() for one in page.all("div", role="alert")] == ["Refused. <b>no</b>"]


def test_a_calm_night_says_so() -> None:
    """Where nothing is wrong the page says that, and offers the pause."""
    given = seen.sections(said=seen.calm())
    needs = {**given["needs"], "questions": Slice((), 0), "alerts": Slice((), 0), "under_way": ()}
    page = Page("".join(seen.drawn_sections({**given, "needs": needs}).values()))

    assert "Nothing does." in "".join(one.text for one in page.all("section", id="needs"))
    assert page.all("form", action="/say/pause")


def test_a_name_that_a_template_has_and_nobody_gives_is_an_error() -> None:
    """No part of a page is missing without anybody noticing."""
    with pytest.raises(jinja2.UndefinedError):
        draw("problem.html", title="x")


def test_the_script_is_small() -> None:
    """No framework hides in it."""
    assert len(assets()["page.js"].body) <= 15_000
