"""What tests of the server share: an inside that can be told things, in a folder of its own with a short path."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.conversation import Conversation, rules
from tests.unit.web.served import Spoken

RULE = "rules:\n  - rule: stuck\n    each: job\n    when: job.elapsed > 20s\n    notify: [ops]\n"


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket, which has a hundred bytes."""
    folder = Path(tempfile.mkdtemp(prefix="w-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def spoken(short_path: Path) -> Spoken:
    """The inside of an agent with one rule."""
    return Spoken(Conversation(rules(RULE)), short_path)
