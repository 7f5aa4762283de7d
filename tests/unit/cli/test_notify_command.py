"""`notify`: a test on its way by an agent that the test plays, and straight where there is none; and how receivers stand."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from watchdog.engine.on_receivers import notice_of, thread_of
from watchdog.model.cards import Card
from watchdog.model.records import AuditRow
from watchdog.model.told import OperatorRetried, OperatorTested
from watchdog.store.cards import Failure
from watchdog.store.orders import claim, lying, read_order
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store

WITH = ("-c", "config.yml")


class Far:
    """An endpoint of a webhook that answers with this status."""

    def __init__(self, status: int) -> None:
        self.bodies: list[dict[str, Any]] = []
        far = self

        class Handler(BaseHTTPRequestHandler):
            """Keeps what comes."""

            def do_POST(self) -> None:
                """One message."""
                far.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def end(self) -> None:
        """It is gone afterwards."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def far() -> Iterator[Callable[[int], Far]]:
    """`far(status)`: an endpoint."""
    made: list[Far] = []

    def begin(status: int = 200) -> Far:
        made.append(Far(status))
        return made[-1]

    yield begin
    for one in made:
        one.end()


def declare(config: Path, **urls: str) -> None:
    """Webhooks by name."""
    lines = "".join(f'  {name}: {{type: webhook, url: "{url}"}}\n' for name, url in urls.items())
    config.write_text(config.read_text() + f"receivers:\n{lines}")


class Agent:
    """One that holds the folder and has the receivers of `outcomes` answer with a text, or fail with an error."""

    def __init__(self, state: Path, outcomes: dict[str, str | Exception], *, known: tuple[str, ...]) -> None:
        self.taken: list[Any] = []
        self._state, self._outcomes, self._known = state, outcomes, known
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._ready.wait()

    def end(self) -> None:
        """It is gone afterwards."""
        self._over.set()
        self._thread.join()

    async def _run(self) -> None:
        store = await Store.open(self._state)
        await store.keep_status(
            orjson.dumps({"agent": {"pid": 1, "at": 0}, "receivers": {name: {"type": "webhook", "hears": None} for name in self._known}})
        )
        self._ready.set()
        while not self._over.is_set():
            await asyncio.to_thread(self._over.wait, 0.01)
            for path in lying(self._state):
                claimed = claim(path)
                assert claimed is not None
                self.taken.append(told := read_order(claimed))
                claimed.unlink()
                await self._answer(store, told)
        await store.close()

    async def _answer(self, store: Store, told: Any) -> None:
        notices: tuple[Handed, ...] = ()
        if isinstance(told, OperatorTested):
            notice = notice_of(told, id="1_0", wall=1, host="web1")
            notices = tuple(Handed(receiver, notice) for receiver in told.receivers)
        seq = store.last_seq + 2 * len(self.taken)
        await store.commit(Commit(seq, notices=notices))
        for handed in notices:
            group = thread_of(told.id)
            match self._outcomes[handed.receiver]:
                case str(answer):
                    await store.post.arrived(
                        handed.receiver, group, card=Card(group=group), is_over=True, upto=1_000, wall=2, answer=answer
                    )
                case error:
                    failure = Failure(error=str(error), wall=2, next_try=3, alone_until=3, untouched=True, refused=False)
                    await store.post.failed(handed.receiver, group, failure)
        # All that there is to be seen stands there before the command is answered.
        row = AuditRow(kind="operator", wall=2, outcome="told", reason="so it is", detail={"told": told.id})
        await store.commit(Commit(seq + 1, audit=(row,)))


@pytest.fixture
def agent(config) -> Iterator[Callable[..., Agent]]:
    """`agent(ops="200 OK")`: one that runs and knows these receivers."""
    agents: list[Agent] = []

    def start(*, known: tuple[str, ...] | None = None, **outcomes: str | Exception) -> Agent:
        declare(config, **dict.fromkeys(outcomes, "http://127.0.0.1:9/hook"))
        agents.append(Agent(config.parent / "state", outcomes, known=tuple(outcomes) if known is None else known))
        return agents[-1]

    yield start
    for one in agents:
        one.end()


def test_by_the_agent(ask, agent):
    """It is left for the agent as any command, and what the server has answered is shown."""
    one = agent(ops="200 OK", chat="posted")
    answer = ask("notify", "test", "ops", *WITH)
    assert answer.code == 0
    assert answer.out.startswith("ops: delivered after ")
    assert answer.out.endswith(": 200 OK\n")
    (told,) = one.taken
    assert (told.receivers, told.reason) == (("ops",), "to see whether messages arrive")

    answer = ask("notify", "test", "--all", "--json", "--reason", "new token", *WITH)
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert [(row["receiver"], row["delivered"], row["answer"], row["by"]) for row in rows] == [
        ("ops", True, "200 OK", "agent"),
        ("chat", True, "posted", "agent"),
    ]
    assert one.taken[1].reason == "new token"


def test_what_has_not_arrived(ask, agent):
    """It is said for each why, and what the agent does about it; the command ends with 1, and does not wait longer than that."""
    agent(ops="200 OK", chat=Exception("it answers 503 Service Unavailable"))
    answer = ask("notify", "test", "--all", "--within", "1s", *WITH)
    assert answer.code == 1
    assert answer.out.splitlines()[1] == (
        "chat: not delivered yet: it answers 503 Service Unavailable; the agent goes on trying, `notify retry chat` has it try at once"
    )


def test_one_that_the_agent_does_not_know(ask, agent):
    """For it a message would wait for ever: the config was changed, and not taken over."""
    one = agent(ops="200 OK", chat="posted", known=("ops",))
    for command in ("test", "retry"):
        answer = ask("notify", command, "chat", *WITH)
        assert (answer.code, answer.out) == (1, "")
        assert "the agent that runs does not know chat yet: systemctl reload sidekiq-watchdog" in answer.err
    assert one.taken == []


def test_straight(ask, config, far):
    """Without an agent the command sends it itself, says so, and shows what came of it."""
    well, broken = far(200), far(500)
    declare(config, ops=well.url, chat=broken.url)
    answer = ask("notify", "test", "--all", *WITH)
    assert answer.code == 1
    assert "no agent runs: it is sent straight, by this command" in answer.err
    first, second = answer.out.splitlines()
    assert first.startswith("ops: delivered after ")
    assert second.startswith("chat: not delivered: ")
    assert "500" in second
    (body,) = well.bodies
    assert body["type"] == "agent.test"
    assert "nothing is wrong" in body["data"]["title"]
    assert not (config.parent / "state").exists()


def test_straight_with_a_secret_of_another(ask, config, far):
    """A secret that this user must not see keeps nobody from trying a receiver that needs none."""
    well = far(200)
    declare(config, ops=well.url)
    config.write_text(config.read_text() + '  chat: {type: webhook, url: "${file:nowhere}"}\n')
    assert ask("notify", "test", "ops", *WITH).code == 0
    answer = ask("notify", "test", "chat", *WITH)
    assert answer.code == 2
    assert "E506" in answer.err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (("test",), "name a receiver, or say --all"),
        (("test", "ops", "--all"), "leave the names out"),
        (("test", "opps"), "no receiver is called 'opps'; there are ops"),
        (("test", "ops", "--within", "long"), "--within"),
        (("retry", "opps"), "no receiver is called 'opps'; there are ops"),
    ],
)
def test_what_is_wrong_on_the_line_is_said(ask, config, line, says):
    """It ends with 2, and nobody is told anything."""
    declare(config, ops="http://127.0.0.1:9/hook")
    answer = ask("notify", *line, *WITH)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err


def test_retry(ask, agent):
    """It is left for the agent."""
    one = agent(ops="200 OK")
    answer = ask("notify", "retry", "ops", *WITH)
    assert (answer.code, answer.out) == (0, "told: so it is\n")
    (told,) = one.taken
    assert isinstance(told, OperatorRetried)
    assert told.receiver == "ops"


def test_retry_without_an_agent(ask, config, leave):
    """The next one heeds it."""
    declare(config, ops="http://127.0.0.1:9/hook")
    state = leave()
    assert ask("notify", "retry", "ops", *WITH).code == 3
    assert [type(read_order(path)) for path in lying(state)] == [OperatorRetried]


def test_how_they_stand(ask, agent):
    """Those of the config with what waits for them, and why it does; it ends with 1 where one fails."""
    agent(ops="200 OK", chat=Exception("it answers 503"))
    ask("notify", "test", "ops", *WITH)
    answer = ask("notify", "list", *WITH)
    assert answer.code == 0
    assert "ops" in answer.out
    ask("notify", "test", "chat", "--within", "1s", *WITH)
    answer = ask("notify", "list", "--json", *WITH)
    assert answer.code == 1
    ops, chat = (json.loads(line) for line in answer.out.splitlines())
    assert (ops["receiver"], ops["type"], ops["waiting"], ops["delivered"], ops["failures"]) == ("ops", "webhook", 0, 1, 0)
    assert (chat["waiting"], chat["delivered"], chat["failures"], chat["last_error"]) == (1, 0, 1, "it answers 503")


def test_how_they_stand_without_an_agent(ask, config):
    """As the config has them; it ends with 3."""
    declare(config, ops="http://127.0.0.1:9/hook")
    answer = ask("notify", "list", *WITH)
    assert answer.code == 3
    assert answer.out.splitlines()[1].split() == ["ops", "webhook", "0", "0", "0", "-", "well"]


def test_nobody_is_told(ask, config):
    """That is no fault, and is said."""
    answer = ask("notify", "list", *WITH)
    assert (answer.code, answer.out) == (3, "The config names no receiver: nobody is told anything.\n")
