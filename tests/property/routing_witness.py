"""Whoever sees what people are told under routes, and judges it by laws that know nothing of how it is decided."""

from collections.abc import Iterable
from typing import Any

from watchdog.engine.ledger import Phase
from watchdog.engine.routing.view import shown
from watchdog.engine.state import State
from watchdog.model.effects import Audit, Effect, Notify
from watchdog.model.notices import NoticeKind

HOUR = 3_600_000
_SAID = (NoticeKind.FIRING, NoticeKind.REMINDER, NoticeKind.ESCALATED, NoticeKind.ACKNOWLEDGED)


class Witness:
    """
    Takes in the effects of each event. `silences` (entity → end) and `acks` (rule, entity → end) are kept by whoever talks, in engine time.

    Every alert that is told in these conversations is about its entity itself, so that this is its target.
    """

    def __init__(self, group_of: Any) -> None:
        self.group_of = group_of
        self.silences: dict[str, int] = {}
        self.acks: dict[tuple[str, str], int] = {}
        self.told: dict[str, set[str]] = {}
        self.said: dict[str, tuple[int, int]] = {}
        self.levels: dict[str, list[int]] = {}
        self.groups: dict[str, set[Any]] = {}

    def see(self, effects: Iterable[Effect], at: int, wall: int) -> None:
        """What one event made the engine ask for."""
        effects = list(effects)
        rows = [effect.row for effect in effects if isinstance(effect, Audit) and effect.row.kind == "alert"]
        notices = [effect for effect in effects if isinstance(effect, Notify)]
        for effect in notices:
            self._see_notice(effect, at, wall)
        for row in rows:
            match row.outcome:
                case "firing":
                    self._see_firing(row, notices)
                case "escalated":
                    levels = self.levels.setdefault(f"{row.rule}|{row.entity}", [])
                    levels.append(int(row.detail["level"]))
                    assert levels == list(range(1, len(levels) + 1)), "each level once, one after the other"
                case "resolved":
                    self.levels.pop(f"{row.rule}|{row.entity}", None)
                    self.acks.pop((row.rule, row.entity), None)

    def look(self, state: State, at: int) -> None:
        """The state between two events."""
        ledger = state.ledger
        for alert in ledger.alerts.values():
            if alert.phase is Phase.FIRING:
                seen = shown(ledger, alert, at)
                assert seen is not None
                assert self.told.get(alert.id) or seen["nobody"], "somebody was told, or it is known why not"
                assert set(seen["told"]) <= self.told.get(alert.id, set())
        book = ledger.routing
        assert state.world.tellings.plain() == {
            thread: one.due for thread, one in book.tellings.items() if one.due is not None and not one.over
        }, "what is due is known to be"
        live = [telling for telling in book.tellings.values() if not telling.over]
        for slot, cause in book.causes.items():
            assert cause.fires == sum(slot in telling.causes for telling in live) > 0
            assert cause.hides == sum(telling.hidden == slot for telling in live)
        assert all(telling.hidden in book.causes for telling in live if telling.hidden), "hidden by what fires"
        assert {name: group.alive for name, group in book.groups.items()} == {
            name: sum(telling.group == name for telling in live) for name in book.groups
        }
        assert all(telling.group in book.groups for telling in live)
        assert set(book.past) == {name for name, group in book.groups.items() if not group.alive}
        assert {book.groups[name].key: name for name in book.groups} == book.ids

    def _see_notice(self, effect: Notify, at: int, wall: int) -> None:
        notice = effect.notice
        about = (notice.rule, notice.entity)
        if notice.kind in _SAID:
            assert self.silences.get(notice.entity, 0) <= at, "nobody is told of what is silenced"
        if notice.kind in (NoticeKind.REMINDER, NoticeKind.ESCALATED):
            assert self.acks.get(about, 0) <= at, "nobody is told again of what somebody has acknowledged"
        read = at + max(0, effect.not_before - wall)
        match notice.kind:
            case NoticeKind.FIRING:
                self.told.setdefault(notice.thread, set()).update(effect.receivers)
                self.said[notice.thread] = (read, 0)
                if not effect.not_before:
                    self.groups.setdefault(notice.group, set()).add(self.group_of(notice))
                    assert len(self.groups[notice.group]) == 1, "a group has one thing in common"
            case NoticeKind.REMINDER:
                last, times = self.said[notice.thread]
                assert at - last >= min(HOUR << times, 24 * HOUR), "not before its time"
                self.said[notice.thread] = (read, times + 1)
                assert set(effect.receivers) == self.told[notice.thread]
            case NoticeKind.ESCALATED:
                assert notice.thread in self.told
                self.told[notice.thread].update(effect.receivers)
            case NoticeKind.RESOLVED:
                assert set(effect.receivers) == self.told.pop(notice.thread, set()), "whoever was told of it is told that it is over"
            case _:
                pass

    def _see_firing(self, row: Any, notices: list[Notify]) -> None:
        mine = [
            one
            for one in notices
            if one.notice.kind is NoticeKind.FIRING and (one.notice.rule, one.notice.entity) == (row.rule, row.entity)
        ]
        if mine:
            assert "hidden_by" not in row.detail
            assert row.detail["told"].split(", ") == list(mine[0].receivers), "the audit log says who was told"
        else:
            assert "hidden_by" in row.detail or "silenced" in row.detail or row.detail.get("told", "").startswith("nobody")
