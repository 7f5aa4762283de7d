"""A whole agent, a real Sidekiq that is stuck, and a room on a real homeserver in which people answer."""

import signal

import pytest

from tests.service.conftest import push_job
from tests.service.test_recover import Room, config_in

pytestmark = [pytest.mark.needs("synapse", "redis-server", "sidekiq"), pytest.mark.timeout(200)]
CANARY = "private-words-of-a-post"


@pytest.mark.parametrize("words", ["👍", "!watchdog approve {id} I have looked"], ids=["reaction", "command"])
async def test_a_yes_in_the_room(tmp_path, homeserver, ada, bot, until, words):
    """
    The agent asks in the room; a stranger's yes does nothing and is not answered, and stands in the audit log. Ada's has the process ended and is answered in the thread; the question then says what became of it,
    and no argument of a job was ever in the room.
    """
    eve = await homeserver.person("eve")
    room = await ada.room(bot, eve)
    await eve.enter(room)
    async with Room(tmp_path / "room") as scene:
        config = config_in(scene.folder, scene.server.url)
        (scene.folder / "token").write_text(bot.token)
        (scene.folder / "token").chmod(0o600)
        text = config.read_text().replace("mode: act", "mode: ask")
        chat = f'{{type: matrix, homeserver: "{homeserver.url}", token: "${{file:token}}", room: "{room}", group_wait: 0s, group_interval: 0s, at_most: 1000/1m}}'
        config.write_text(
            text.replace("receivers:\n", f"receivers:\n  chat: {chat}\n") + f'ask: {{people: {{ada: ["matrix:{ada.id}"]}}}}\n'
        )
        rules = scene.folder / "rules.yml"
        rules.write_text(rules.read_text().replace("notify: [ops]", "notify: [chat]"))
        victim = await scene.sidekiq.start(("push",), concurrency=2)
        await push_job(scene.client, "SleepForever", [CANARY])
        agent = await scene.agent(config)

        async def question():
            asks = [
                one
                for one in await ada.messages(room)
                if "!watchdog approve" in one["content"]["body"] and "m.relates_to" not in one["content"]
            ]
            return asks[0] if asks else None

        asked = await until(question, within=90, what="the question in the room")
        id_ = asked["content"]["body"].partition("!watchdog approve ")[2].split()[0]

        async def says(person):
            if "{id}" in words:
                return await person.say(room, words.format(id=id_))
            await person.react(room, asked["event_id"], words)
            return asked["event_id"]

        strange = await says(eve)
        await agent.audit_has(lambda row: eve.id in str(row))
        assert victim.alive
        assert await ada.related(room, strange, "m.thread") == []

        said = await says(ada)
        assert await agent.sees_off(victim, 90) == -signal.SIGKILL

        async def answers():
            return [one["content"]["body"] for one in await ada.related(room, said, "m.thread")]

        answered = await until(answers, what="the answer in the thread")
        assert ": approved: recover_process on" in answered[0]

        async def is_settled():
            return "approved by ada" in (await ada.shown(room, asked["event_id"]))["body"]

        await until(is_settled, within=90)
        rows = await agent.audit(lambda row: row["kind"] == "approval")
        assert [row["outcome"] for row in rows] == ["asked", "approved", "used"]
        assert CANARY not in str(await ada.messages(room)) + "\n".join(agent.lines)
        assert bot.token not in "\n".join(agent.lines)
