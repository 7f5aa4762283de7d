"""The inside of an agent as a test makes it, looked at as the web does; most of all a conversation with the engine."""

from pathlib import Path
from typing import Any

from tests.scenario.conversation import Conversation
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.told import Told
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts

NOWHERE = Path("/nonexistent")


class Silent:
    """What is the same of each that a test makes: nobody can be told anything, and no view asks for the whole picture."""

    def __init__(self, folder: Path = NOWHERE) -> None:
        self.folder = folder
        self.host = "web1"
        self.failing = ""
        self.charts = Charts()

    def picture(self) -> dict[str, Any]:
        raise AssertionError("it costs too much to be asked for at each look")

    async def tell(self, told: Told) -> Answered:
        raise AssertionError(f"who looks says nothing: {told}")


class Looked(Silent):
    """Everything else is that of the conversation."""

    def __init__(self, talk: Conversation, folder: Path = NOWHERE) -> None:
        super().__init__(folder)
        self.talk = talk

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
