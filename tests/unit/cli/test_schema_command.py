"""`schema`: what editors get."""

import json

import pytest
from jsonschema import Draft202012Validator


@pytest.mark.parametrize("which", ["rules", "config", "pack", "tests", "webhook", "status"])
def test_each_kind_of_file_has_a_schema(ask, which):
    """It is a valid schema of the draft that it names, and nothing else is printed."""
    answer = ask("schema", which)
    assert (answer.code, answer.err) == (0, "")
    schema = json.loads(answer.out)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


def test_the_api_has_a_document(ask):
    """The one that an agent gives, without an agent."""
    answer = ask("schema", "api")
    assert (answer.code, answer.err) == (0, "")
    document = json.loads(answer.out)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/pause" in document["paths"]


def test_another_word_is_refused(ask):
    """With the words that there are."""
    answer = ask("schema", "rule")
    assert answer.code == 2
    assert "rules" in answer.err
