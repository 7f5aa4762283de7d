"""
What the parts of the checker have in common: the text, the kind of entity, and in whose parentheses something stands.

All that stands in parentheses is about some entity and has rules of its own, which is what `Inside` names.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from enum import Enum
from typing import Self

from watchdog.lang import syntax
from watchdog.lang.checked import Checked
from watchdog.lang.complaint import Complaints
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.vocabulary import BUILT, Vocabulary


class Inside(Enum):
    """In whose parentheses something stands; the value says it in a message."""

    NOTHING = ""
    HISTORY = "in a history"
    LOOKUP = "in the id of another entity"
    AGGREGATE = "in an aggregate"


class Inner(ABC):
    """What the parts of the checker have in common."""

    def __init__(
        self,
        complaints: Complaints,
        kind: Kind,
        *,
        inside: Inside = Inside.NOTHING,
        outer: Kind | None = None,
        vocabulary: Vocabulary = BUILT,
        words: Collection[str] = (),
    ) -> None:
        self._complaints = complaints
        self._kind = kind
        self._inside = inside
        self._outer = outer
        self._vocabulary = vocabulary
        # Those that the file defines: whoever mistypes one is told.
        self._words = words

    @abstractmethod
    def value(self, node: syntax.Node) -> Checked | None:
        """The checked tree, None if there is a problem anywhere in it."""

    @abstractmethod
    def statement(self, node: syntax.Node, word: str) -> Checked | None:
        """As `value`, and it must be true or false to stand behind `word`."""

    @abstractmethod
    def agree(self, node: syntax.Node, left: Checked, right: Checked) -> tuple[Checked, Checked] | None:
        """Both in one type."""

    def nested(self, inside: Inside, *, kind: Kind | None = None, outer: Kind | None = None, text: Text | None = None) -> Self:
        """A checker for what stands inside something, about entities of another kind, or in another text."""
        complaints = self._complaints if text is None else self._complaints.about(text)
        return type(self)(
            complaints, kind or self._kind, inside=inside, outer=outer or self._outer, vocabulary=self._vocabulary, words=self._words
        )

    def complain(self, code: str, node: syntax.Place, message: str, *, hint: str = "") -> None:
        """Notes a problem with this node."""
        self._complaints.add(code, node.offset, node.width, message, hint=hint)

    def allowed(self, node: syntax.Place, what: str) -> bool:
        """Whether something that the engine keeps can stand here."""
        if self._inside is Inside.NOTHING:
            return True
        self.complain("E225", node, f"{what} {self._inside.value}", hint="only the entity's own fields can stand there")
        return False

    def takes(self, node: syntax.Call, number: int, how: str) -> bool:
        """Whether a call has so many arguments and no `where`."""
        if len(node.arguments) == number and node.where is None:
            return True
        self.complain("E218", node, f"{node.name} is written {how}")
        return False
