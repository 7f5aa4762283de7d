"""The screen of `top`, driven by keys, over an agent that the test plays."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from tests.unit.cli.api_server import served
from tests.unit.cli.api_world import NAME, alert, answers, one, overview, pause, process, queue, switches
from watchdog.cli.api import Api
from watchdog.picture.picture import Source
from watchdog.web.answered import Answered

# A timeout of its own, since a screen that is drawn some dozen times takes more of a slow processor than a unit test may.
pytestmark = [pytest.mark.needs("textual"), pytest.mark.timeout(180)]


def shown(app) -> str:
    """The screen as text."""
    return "\n".join(
        "".join(piece.text for piece in strip).rstrip() for piece_row in [app.screen._compositor.render_strips()] for strip in piece_row
    )


class Driver:
    """Presses keys, and waits for what is to be seen."""

    def __init__(self, app, pilot, until) -> None:
        self.app, self._pilot, self._until = app, pilot, until

    async def press(self, *keys: str) -> None:
        """One after the other."""
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Letters into a field."""
        await self._pilot.press(*("space" if char == " " else char for char in text))

    async def sees(self, *texts: str) -> str:
        """The screen once all of that stands in it."""
        await self._until(lambda: all(text in shown(self.app) for text in texts), what=f"{texts}; there is:\n{shown(self.app)}")
        return shown(self.app)


@pytest.fixture
async def server(tmp_path):
    """An agent that answers."""
    async with served(tmp_path / "api.sock") as one_:
        one_.answers = answers()
        yield one_


@pytest.fixture
def top(tmp_path, until):
    """`top(…)`: a screen of that size over the agent of this test, which need not be there."""
    from watchdog.cli.top.app import Top
    from watchdog.cli.top.feed import Feed

    def feed(connect, show):
        return Feed(connect, show, pace=0.0, ticking=3600, waits=(0.01,))

    @asynccontextmanager
    async def open_(*, size=(100, 30), readonly=False):
        app = Top(lambda: Api(tmp_path / "api.sock", state=tmp_path), readonly=readonly, feed=feed)
        async with app.run_test(size=size) as pilot:
            yield Driver(app, pilot, until)

    return open_


async def test_it_begins_with_processes(server, top):
    """Who it is, how far it goes, what needs somebody, Sidekiq as a whole, and a line for each process."""
    async with top() as screen:
        seen = await screen.sees("web1/mastodon-sidekiq", "web1/ingress", "Redis 0.1 %")
    assert "web1, mode act | 1 firing, 2 pending, 0 under way, 1 asked, 1 blocked" in seen
    assert "3 processes, 12/75 busy | 1,234 enqueued, 56 retries, 7 dead | Redis 0.1 %" in seen
    assert "processes: 2, by id, live" in seen
    assert "P pause" in seen


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (200, 50)])
async def test_every_tab_fits_the_window(server, top, size):
    """Narrow or wide no line is longer than the window, and the keys are in sight."""
    expected = {
        "1": "12m 34s", "2": "LinkCrawl", "3": "1m 5s", "4": "stuck-job", "5": "+2m 34s", "6": "recovered", "7": "bcdfg", "8": "coverage", "9": "firing",
    }  # fmt: skip
    async with top(size=size) as screen:
        for key, text in expected.items():
            await screen.press(key)
            seen = await screen.sees(text, "q quit", "S silence")
            assert max(map(len, seen.splitlines())) <= size[0]
            assert len(seen.splitlines()) <= size[1]


async def test_what_changes_is_seen_without_a_key(server, top):
    """The stream says what has changed; the cursor stays on what it was on, wherever that comes to stand."""
    async with top() as screen:
        await screen.press("3")
        await screen.sees("1,234")
        await screen.press("down")
        assert screen.app.line().key == "push"
        await server.listened()
        server.answers["queues"] = one(queue("push", size=77), queue("default", size=1), queue(size=4_321))
        server.send('id: a-1\nevent: sections\ndata: {"queues":2}\n\n')
        await screen.sees("4,321", "77", "default")
        assert screen.app.line().key == "push"
        server.answers["queues"] = one(queue(size=5))
        server.send('id: a-2\nevent: sections\ndata: {"queues":3}\n\n')
        await screen.sees("queues: 1")
        assert screen.app.line().key == "pull"


async def test_sorting_asks_the_agent(server, top):
    """It knows all of them, of which this shows the first."""
    async with top() as screen:
        await screen.sees("processes: 2, by id")
        await screen.press("s")
        await screen.sees("by beat")
        await screen.press("4", "s")
        await screen.sees("alerts have their own order")
    assert ("processes", {"limit": "500", "order": "beat"}) in server.asked


async def test_a_filter_leaves_lines_out(server, top):
    """As it is typed; escape shows all again, and keys that are typed into it do nothing else."""
    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq", "web1/ingress")
        await screen.press("slash")
        await screen.type("INGR")
        await screen.sees("processes: 1 of 2")
        await screen.press("enter")
        assert screen.app.line().key == "web1:4712:ffff"
        await screen.press("escape")
        await screen.sees("web1/mastodon-sidekiq", "processes: 2")
        await screen.press("slash")
        await screen.type("Q9P")
        await screen.sees("No line of 2 has “Q9P” in it.")
        await screen.press("enter", "3")
        await screen.sees("queues: 2")
        assert not screen.app.query_one("#filter").display
    assert server.said == []


async def test_details(server, top):
    """All that is known of a process, with its jobs; and of an incident its story."""
    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq")
        await screen.press("enter")
        await screen.sees("mastodon-sidekiq.service", "Jobs that have run for longest (2 of 7)", "DeliveryWorker")
        await screen.press("escape", "6")
        await screen.sees("incidents: 1")
        await screen.press("enter")
        await screen.sees("A wedged process was recovered.", "quiet is sent")
        await screen.press("q")
        await screen.sees("incidents: 1")
    assert (f"processes/{NAME}", {}) in server.asked


async def test_why(server, top):
    """The tree, live, of what the line is about; where there is no rule it says where there is one."""
    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq")
        await screen.press("w")
        await screen.sees("w needs a line with a rule")
        await screen.press("4")
        await screen.sees("LinkCrawlWorker")
        await screen.press("w")
        await screen.sees("It holds: job.elapsed > 10m is true by 2m", "cooldown  denies", "the other 2 pass")


async def test_a_pause_says_what_it_does_and_wants_a_reason(server, top):
    """Nothing is said before; what is said has the words that were typed, and the answer is shown."""
    server.answers["pause"] = Answered("paused", "until 2026-09-21T15:33:20Z, by ada")
    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq")
        await screen.press("P")
        await screen.sees("Pauses this agent: it does nothing to anything")
        await screen.press("enter")
        await screen.sees("say in a few words why")
        assert server.said == []
        await screen.type("new disks")
        server.answers |= {"switches": switches(pause()), "overview": overview(paused=True)}
        await screen.press("enter")
        await screen.sees("pause: paused: until 2026-09-21T15:33:20Z, by ada", "PAUSED by ada for 2h more: new disks")
    assert [(path, body) for path, body, _ in server.said] == [("pause", {"reason": "new disks", "for": "2h"})]


async def test_escape_says_nothing(server, top):
    """It was not meant."""
    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq")
        await screen.press("R")
        await screen.sees("Ends all pauses")
        await screen.type("x")
        await screen.press("escape")
        await screen.sees("nothing was said")
    assert server.said == []


async def test_a_question_is_answered(server, top):
    """Yes needs no reason; no does; what is refused is said as the agent says it."""
    server.answers["approve"] = Answered("approved", "bcdfg")
    server.answers["deny"] = (409, b'{"outcome":"refused","reason":"it is settled"}')
    async with top() as screen:
        await screen.press("A")
        await screen.sees("choose a question under approvals first")
        await screen.press("7")
        await screen.sees("bcdfg")
        await screen.press("A")
        await screen.sees("Says yes, for once", "bcdfg")
        await screen.press("enter")
        await screen.sees("approve: approved: bcdfg")
        await screen.press("D")
        await screen.sees("Says no")
        await screen.type("no")
        await screen.press("enter")
        await screen.sees("deny: refused: it is settled")
    assert [(path, body) for path, body, _ in server.said] == [
        ("approve", {"approval": "bcdfg", "reason": ""}),
        ("deny", {"approval": "bcdfg", "reason": "no"}),
    ]


async def test_readonly_refuses_all_of_it(server, top):
    """Visibly, and before anything is asked."""
    async with top(readonly=True) as screen:
        await screen.press("7")
        seen = await screen.sees("bcdfg", "readonly")
        assert "P pause" not in seen
        for key in "PRADKS":
            await screen.press(key)
            await screen.sees("is refused: top was started with --readonly")
            screen.app.say(("",))
    assert server.said == []


async def test_what_fails_is_said(server, top):
    """Also where the agent does not let this user."""
    from tests.unit.cli.api_server import wrong

    server.answers["resume"] = (403, wrong("not_allowed", "the group may only look"))
    async with top(size=(160, 30)) as screen:
        await screen.sees("web1/mastodon-sidekiq")
        await screen.press("R")
        await screen.sees("Ends all pauses")
        await screen.type("x")
        await screen.press("enter")
        await screen.sees("resume failed: the agent does not let this user: the group may only look")


async def test_a_lost_agent_is_said_and_waited_for(tmp_path, top, until):
    """What was seen last stays, greyed; once there is one again all of it is of now."""
    async with top() as screen:
        await screen.sees("NOT CONNECTED", "no agent runs")
        async with served(tmp_path / "api.sock") as first:
            first.answers = answers()
            seen = await screen.sees("web1/mastodon-sidekiq")
            assert "NOT CONNECTED" not in seen
        await screen.sees("NOT CONNECTED; what follows is of", "web1/mastodon-sidekiq", "by id, not connected")
        table = screen.app.query_one("#table")
        assert str(table.get_cell(NAME, "0").style) == "dim"
        async with served(tmp_path / "api.sock") as second:
            second.answers = {**answers(), "processes": one(process(target="web1/another"))}
            seen = await screen.sees("web1/another")
            assert "NOT CONNECTED" not in seen
            assert str(table.get_cell(NAME, "0").style) == ""


async def test_a_question_that_has_no_answer_is_said(server, top):
    """Also one of those whose answers stand on top, whatever is looked at below: what they said before is not taken for what is."""
    from tests.unit.cli.api_server import wrong

    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq")
        server.answers["overview"] = (500, wrong("fault", "a fault of this program"))
        screen.app.feed.again()
        seen = await screen.sees("NOT ANSWERED; some of what follows may be older: the agent failed to answer")
        assert "NOT CONNECTED" not in seen


async def test_where_there_is_room_it_says_what_is_read(server, top):
    """The sources, by name."""
    async with top(size=(160, 30)) as screen:
        await screen.sees("1 blocked | reads redis", "7 approvals", "q quit | P pause")


async def test_what_is_wrong_stands_on_top(server, top):
    """Sources that can't be read, pauses of all kinds, and a memory that is not trusted."""
    server.answers |= {
        "overview": overview(blind=("redis",), sources={"redis": Source(ok=False, code="refused", message="connection refused")}),
        "switches": switches(pause(rule="stuck-*", until_ms=None), pause(source="fleet", by="eve"), doubt=("the disk was full",)),
    }
    async with top() as screen:
        await screen.sees(
            "BLIND: redis (connection refused)",
            "PAUSED by ada, rule stuck-*: new disks",
            "PAUSED for the whole fleet by eve for 2h more: new disks",
            "DOES NOT TRUST ITS MEMORY: the disk was full",
        )


async def test_strangers_words_are_only_words(server, top):
    """Neither markup nor what a terminal would obey has any effect, in tables, details, and what is confirmed."""
    evil = "[bold red]x[/] \x1b]0;title\x07\x1b[31m\u202eabc[@click=app.quit]y[/]\r\n\t"
    server.answers |= {
        "processes": one(process(target=evil, queues=(evil, "x" * 5_000))),
        f"processes/{NAME}": process(target=evil, tag=evil),
        "alerts": one(alert(title=evil, rule=evil)),
        "overview": overview(host=evil),
        "switches": switches(pause(reason=evil)),
    }
    async with top(size=(160, 30)) as screen:
        for keys in ((), ("enter",), ("escape", "4"), ("S",)):
            await screen.press(*keys)
            seen = await screen.sees("[bold red]x[/]")
            assert not {"\x1b", "\x07", "\u202e", "\r", "\t"} & set(seen)
            assert max(map(len, seen.splitlines())) <= 160


async def test_many_things_stay_bounded(server, top):
    """It shows the first 500, and says of how many."""
    server.answers["processes"] = {
        "items": [process(f"web1:{number}:x", target=f"p{number}") for number in range(500)],
        "total": 1_000,
        "next": "x",
    }
    async with top() as screen:
        await screen.sees("processes: 500 of 1000", "p0")
        await screen.press("end")
        await screen.sees("p499")


async def test_help_names_every_key(server, top):
    """And says what upper case is for."""
    from watchdog.cli.top.acts import ACTS

    async with top() as screen:
        await screen.press("question_mark")
        seen = await screen.sees("Lower case looks", "UPPER CASE acts")
        assert all(f"{act.key} " in seen for act in ACTS)


async def test_an_empty_tab_says_so(server, top):
    """In a sentence."""
    server.answers["alerts"] = one()
    async with top() as screen:
        await screen.press("4")
        await screen.sees("No alert.")


async def test_a_mistake_of_the_program_shows_no_values(tmp_path):
    """As Python shows it: what happened and where, and not what stood in variables."""
    from watchdog.cli.top.app import Top

    app = Top(lambda: Api(tmp_path / "api.sock", state=tmp_path), readonly=False)
    secret = "hun" + "ter2"
    try:
        json.loads("it broke")
    except ValueError as error:
        app._handle_exception(error)
    (said,) = map(str, app._exit_renderables)
    assert "JSONDecodeError: Expecting value" in said
    assert secret not in said
    assert app.return_code == 1


async def test_leaving_ends_everything(server, top):
    """No connection is left behind."""
    async with top() as screen:
        await screen.sees("web1/mastodon-sidekiq")
        await server.listened()
        await screen.press("q")
    assert not [task for task in asyncio.all_tasks() if task.get_name() in ("stream", "questions")]
