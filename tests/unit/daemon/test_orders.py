"""The agent takes what lies there for it: into the engine first, away afterwards."""

import asyncio

from watchdog.daemon.orders import OrderTaker
from watchdog.model.told import OperatorAsked, OperatorWithdrew
from watchdog.store.orders import lay_down, lying, take_back

ORDER = OperatorAsked(id="ab12", by="ada", reason="r", asked=1, action="recover_process", process="web1:1:a", arguments={})


async def test_taken_and_removed(tmp_path):
    """The order before its withdrawal; while it is not committed it lies there, and can't be taken back."""
    lay_down(tmp_path, ORDER)
    lay_down(tmp_path, OperatorWithdrew("ab12", "ada"))
    heard = []

    async def settle(body) -> None:
        heard.append(body)
        assert len(lying(tmp_path)) == 3 - len(heard)
        assert not take_back(tmp_path, "ab12")

    await OrderTaker(tmp_path, settle).look()
    assert heard == [ORDER, OperatorWithdrew("ab12", "ada")]
    assert lying(tmp_path) == []


async def test_died_before_it_was_removed(tmp_path):
    """The next agent finds it, and hands it over once more."""
    lay_down(tmp_path, ORDER)

    async def never(_body) -> None:
        await asyncio.Event().wait()

    dying = asyncio.create_task(OrderTaker(tmp_path, never).look())
    await asyncio.sleep(0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    heard = []

    async def settle(body) -> None:
        heard.append(body)

    await OrderTaker(tmp_path, settle).look()
    assert heard == [ORDER]
    assert lying(tmp_path) == []


async def test_what_is_none_goes_with_a_word(tmp_path, caplog):
    """It keeps nobody from those behind it."""
    lay_down(tmp_path, ORDER)
    (tmp_path / "orders" / "a.order").write_text("{}")
    heard = []

    async def settle(body) -> None:
        heard.append(body)

    await OrderTaker(tmp_path, settle).look()
    assert heard == [ORDER]
    assert lying(tmp_path) == []
    assert "not taken for an order" in caplog.text
