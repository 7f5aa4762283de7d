"""What `status` shows of rules of which a person has said how far they go."""

import io

from watchdog.cli.output import Plain
from watchdog.cli.view import show
from watchdog.picture.picture import Agent, Armed, Picture


def shown(*armed: Armed) -> str:
    """The page as it is printed into a pipe."""
    stream = io.StringIO()
    show(Plain(stream), Picture(agent=Agent(at=7_200_000), mode="ask", armed=armed), running=True, age=0)
    return stream.getvalue()


def test_who_said_what_of_which_rule():
    """How far it goes, what its file says, for how long, by whom and why; where the config is in the way both are named."""
    text = shown(
        Armed("stuck-job", "dry-run", "dry-run", "act", "ada", "too eager", 3_600_000),
        Armed("slow", "act", "ask", "observe", "bob", "it was right", 0),
    )

    lines = text[text.index("Armed by people") :].splitlines()
    assert lines[2].split() == ["stuck-job", "dry-run", "act", "1h", "ada", "too", "eager"]
    assert lines[3].split() == ["slow", "ask", "(act", "is", "above", "the", "config)", "observe", "2h", "bob", "it", "was", "right"]


def test_nothing_where_nobody_has_said_anything():
    """No heading without a table."""
    assert "Armed by people" not in shown()
