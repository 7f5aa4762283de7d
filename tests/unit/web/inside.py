"""The inside of an agent as a test makes it: a conversation with the engine, looked at as the web does."""

from pathlib import Path
from typing import Any

from tests.scenario.conversation import Conversation
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.told import Told
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts


class Looked:
    """Everything is that of the conversation; nobody can be told anything."""

    def __init__(self, talk: Conversation, folder: Path = Path("/nonexistent")) -> None:
        self.talk = talk
        self.folder = folder
        self.host = "web1"
        self.failing = ""
        self.charts = Charts()

    @property
    def state(self) -> State:
        return self.talk.state

    @property
    def rules(self) -> RuleSet:
        return self.talk.rules

    @property
    def seq(self) -> int:
        return self.talk.seq

    def at(self) -> int:
        return self.talk.at

    def wall(self) -> int:
        return self.talk.booted_wall + self.talk.at

    def picture(self) -> dict[str, Any]:
        raise AssertionError("no view asks for the whole picture")

    async def tell(self, told: Told) -> Answered:
        raise AssertionError(f"a view says nothing: {told}")
