"""What a caller gives, against what an endpoint takes: whatever does not fit is refused with a sentence, whoever sends it, in whichever form."""

from typing import Any

import pytest

from watchdog.web.endpoint import Param
from watchdog.web.failures import NotUnderstoodError
from watchdog.web.parameters import checked, from_text

PARAMS = (
    Param("name", "A name.", {"type": "string", "minLength": 1, "maxLength": 5}, required=True),
    Param("limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 500}),
    Param("open", "Whether.", {"type": "boolean"}),
    Param("order", "Which.", {"type": "string", "enum": ["size", "name"]}),
    Param("label", "Labels.", {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "string", "minLength": 1}}),
    Param("force", "Several.", {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["a", "b", "c"]}}),
)


def test_what_fits_as_text():
    """Numbers and truths come as such, parts of one thing together, and what was not given is not there."""
    given = [
        ("name", "x"),
        ("limit", "50"),
        ("open", "true"),
        ("order", "size"),
        ("label.team", "ops"),
        ("label.a.b", "c"),
        ("force", "a"),
        ("force", "b"),
    ]
    assert from_text(PARAMS, given) == {
        "name": "x", "limit": 50, "open": True, "order": "size", "label": {"team": "ops", "a.b": "c"}, "force": ["a", "b"],
    }  # fmt: skip
    assert from_text(PARAMS, [("name", "é")]) == {"name": "é"}


@pytest.mark.parametrize(
    "given",
    [
        [], [("name", "")], [("name", "123456")], [("name", "a\0b")], [("name", "\udcff")], [("name", "x"), ("name", "y")], [("name", "x"), ("limit", "0")],
        [("name", "x"), ("limit", "501")], [("name", "x"), ("limit", "1.0")], [("name", "x"), ("limit", "\uff11")], [("name", "x"), ("limit", "+1")],
        [("name", "x"), ("limit", "9" * 5_000)], [("name", "x"), ("open", "yes")], [("name", "x"), ("order", "age")], [("name", "x"), ("label", "y")],
        [("name", "x"), ("label.a", "")], [("name", "x"), ("label.a", "1"), ("label.b", "2"), ("label.c", "3")], [("name", "x"), ("force", "d")],
        [("name", "x"), ("force", "a"), ("force", "b"), ("force", "c")], [("name", "x"), ("nothing", "y")], [("name.x", "y")], [("name", "x"), ("limit.x", "1")],
    ],
)  # fmt: skip
def test_what_does_not_fit_as_text(given):
    """A query, a form or a path."""
    with pytest.raises(NotUnderstoodError):
        from_text(PARAMS, given)


@pytest.mark.parametrize(
    "given",
    [
        {"name": 1}, {"name": None}, {"name": ["x"]}, {"name": "x", "limit": "1"}, {"name": "x", "limit": True}, {"name": "x", "limit": 1.0}, {"name": "x", "limit": 10**30},
        {"name": "x", "open": 1}, {"name": "x", "label": []}, {"name": "x", "label": {"a": 1}}, {"name": "x", "label": {"a": {"b": "c"}}}, {"name": "x", "force": "a"},
        {"name": "x", "force": [1]}, {"name": "x", "force": [["a"]]}, {"name": "x", "order": {}}, {"name": "x", "": "y"},
    ],
)  # fmt: skip
def test_what_does_not_fit_as_json(given: dict[str, Any]):
    """A number is no text there, nor the other way round."""
    with pytest.raises(NotUnderstoodError):
        checked(PARAMS, given)


def test_what_fits_as_json():
    """As it is."""
    given = {"name": "x", "limit": 500, "open": False, "label": {"a": "b"}, "force": ["a"]}
    assert checked(PARAMS, given) == given


def test_a_sentence_for_a_slip_of_the_pen():
    """It names what there is; the text of a stranger is cut."""
    with pytest.raises(NotUnderstoodError) as caught:
        from_text(PARAMS, [("nmae" * 1_000, "x")])
    assert len(str(caught.value)) < 100
    assert caught.value.hint == "there are name, limit, open, order, label, force"
