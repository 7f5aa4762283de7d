"""Each tab as data: a cell for each heading, keys that are nobody else's, and details that say what is known."""

from typing import Any

import msgspec
import pytest

from tests.unit.cli.api_world import alert, answers, approval, one, process, queue
from watchdog.cli.output import text_of
from watchdog.cli.top.head import QUESTIONS
from watchdog.cli.top.lines import Section
from watchdog.cli.top.sections import SECTIONS
from watchdog.web.endpoints import ENDPOINTS
from watchdog.web.stream.sections import Section as OfStream
from watchdog.web.views.processes import ProcessSeen


def named(name: str) -> Section:
    """The tab."""
    return next(section for section in SECTIONS if section.name == name)


def details(section: Section, answer, more=None, place: int = 0) -> str:
    """The page of a line."""
    line = list(section.lines(answer))[place]
    return "\n".join("".join(map(text_of, row)) for row in section.details(line, more))


def test_there_is_a_key_for_each_tab():
    """Nine of them, with names that differ."""
    assert len(SECTIONS) == 9
    assert len({section.name for section in SECTIONS}) == len({section.short for section in SECTIONS}) == 9


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_it_fits_the_api(section):
    """It asks an endpoint that there is, for its struct, by parameters that it takes, and follows sections that the stream knows."""
    (endpoint,) = (one_ for one_ in ENDPOINTS if one_.path == f"/{section.path}" and one_.method.value == "get")
    assert endpoint.answer == section.answer
    params = {param.name: param for param in endpoint.params}
    assert section.question("x" if section.orders else "").query.keys() <= params.keys()
    if section.orders:
        assert list(section.orders) == params["order"].schema["enum"]
    assert section.tells <= set(OfStream)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_lines(section):
    """Also of what came over the line."""
    answer = msgspec.json.decode(msgspec.json.encode(answers()[section.path]), type=section.answer)
    lines = list(section.lines(answer))
    assert lines
    assert len({line.key for line in lines}) == len(lines)
    assert all(len(line.cells) == len(section.headings) for line in lines)
    assert section.keeps <= set(section.headings)
    for place in range(len(lines)):
        assert details(section, answer, place=place)
    more = section.more(lines[0])
    assert more is None or any(one_.answer == more.answer for one_ in ENDPOINTS)


def test_what_is_not_known_is_no_zero():
    """A process of which nobody has said anything, and a queue."""
    unknown: dict[str, Any] = {name: None for name in ProcessSeen.__struct_fields__ if name not in {"id", "target", "running", "jobs"}}
    section = named("processes")
    (line,) = section.lines(one(process(**unknown, running=0, jobs=())))
    assert [text_of(cell) for cell in line.cells] == ["web1/mastodon-sidekiq", "", "?/?", "", "", "", "", "", ""]
    assert "unit          none is known" in details(section, one(process(**unknown)))
    (line,) = named("queues").lines(one(queue(size=None, latency=None, threads=None, listeners=None, busy=None)))
    assert [text_of(cell) for cell in line.cells] == ["pull", "?", "", "?/?", "?", ""]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"alive": False}, "dead"),
        ({"stopped": True, "traced": True}, "stopped, traced"),
        ({"quiet": True}, "quiet"),
        ({"local": False, "host": "web2"}, "on web2"),
        ({"mismatch": "another program has its pid"}, "another program has its pid"),
    ],
)
def test_what_is_the_matter_with_a_process(changed, says):
    """In the table and in its page."""
    section, answer = named("processes"), one(process(**changed))
    (line,) = section.lines(answer)
    assert text_of(line.cells[7]) == says
    assert says in details(section, answer, process(**changed))


def test_what_is_known_of_an_alert():
    """Who has seen it, what is done, and that nobody is told."""
    answer = one(alert(acked_by="ada", silenced=True, incident="12.1", baseline=True, counting=True))
    said = details(named("alerts"), answer)
    for text in (
        "seen by ada",
        "silenced",
        "incident 12.1",
        "was so before the rule began to act",
        "told          ops",
        "0s of 1m until it is over",
    ):
        assert text in said


def test_what_is_asked():
    """Why, until when, what would be done, and who has said yes."""
    said = details(named("approvals"), one(approval(needed=2, approved_by=("ada",), grounds=())))
    for text in ("because       the mode is ask", "left          59m, else it is not done", "approved      1 of 2: ada", "  SIGTERM"):
        assert text in said


def test_the_story_of_an_incident():
    """Moment by moment; before it is there, its last sentence."""
    section, known = named("incidents"), answers()
    assert "it beats again" in details(section, known["incidents"])
    said = details(section, known["incidents"], known["incidents/12.1"])
    assert "13:13:20  rule          stuck-job fires\n13:14:21  step          quiet is sent" in said
    assert "after 3m 20s" in said
    cut = msgspec.structs.replace(known["incidents/12.1"], ended=None, cut=3, missing=("rows were pruned",), next="a person is asked")
    said = details(section, known["incidents"], cut)
    for text in (
        "it goes on",
        "3 moments in the middle are left out; `incidents show 12.1` has them",
        "rows were pruned",
        "a person is asked",
    ):
        assert text in said


def test_what_was_no_more_than_an_alert_is_not_spoken_of_by_its_id():
    """`ack` would not know it."""
    brief = msgspec.structs.replace(answers()["incidents"].items[0], id="alert:17", ended=None)
    (line,) = named("incidents").lines(one(brief))
    assert (line.incident, text_of(line.cells[2])) == ("", "goes on")


def test_what_is_asked_for_all_the_time_fits_the_api_too():
    """The head follows sections that the stream knows."""
    for question in QUESTIONS.values():
        (endpoint,) = (one_ for one_ in ENDPOINTS if one_.path == f"/{question.path}" and one_.method.value == "get")
        assert endpoint.answer == question.answer
        assert question.tells <= set(OfStream)
