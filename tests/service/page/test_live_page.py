"""
The page of a real agent on a real Redis with a real Sidekiq, in a real browser.

One agent, one Sidekiq and one browser for all of it; each test leaves things as it found them. Only what ends a process has a stage of its own: a stuck job, a question, a yes, and what the
page says of it then.
"""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.patience import PATIENCE
from tests.ports import free_port
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import SidekiqProcess, _eventually, push_job
from tests.service.page.looking import PHONE, Window
from tests.service.test_recover import Room

pytestmark = [
    pytest.mark.needs("redis-server", "sidekiq", "chromium"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(4 * PATIENCE),
]
expect.set_options(timeout=PATIENCE * 1_000)

TOKEN = "a-token-of-ada-in-a-test-0123456789"
PAGE = """\
page:
  listen: 127.0.0.1:{port}
  tokens: {{ada: "${{file:ada}}"}}
log: {{journal: false}}
"""
RULES = """\
rules:
  - rule: stuck-job
    each: job
    where: job.class == "SleepForever"
    when: job.elapsed > 2s
    then:
      - terminate_process: {process: job.process, grace: 1s}
    guards: {deploy: 0s, settle: 0, cooldown: 5s, cooldown_max: 0s, keep: 0%, budget: 1000/1d, target_budget: 1000/1d, host_budget: 1000/1d, culprits: 0, max_unhealthy: 100%, baseline: allow, trials: 0}
  - rule: long-queue
    each: queue
    when: queue.size > 1000
    for: 10m
"""
HOSTILE = '<script>alert("queue")</script>" onload=x \u05e9\u05dc\u05d5\u05dd'
"""What is worse, such as marks of direction, is refused before it comes so far."""
LONG = "l" * 200


class Stage:
    """All that is there: `url` is that of the page."""

    def __init__(self, room: Room, agent: AgentProcess, victim: SidekiqProcess, browser: Browser, url: str, screenshots: Path) -> None:
        self.room = room
        self.agent = agent
        self.victim = victim
        self.browser = browser
        self.url = url
        self.screenshots = screenshots

    async def window(self, *, logged_in: bool = False, path: str = "/", **given: object) -> Window:
        """A new one on the page."""
        window = await Window.open(self.browser, **given)  # type: ignore[arg-type]  # what a browser is to be like
        if logged_in:
            await window.page.goto(f"{self.url}/login?back={path}")
            await window.page.get_by_label("Token").fill(TOKEN)
            await window.page.get_by_role("button", name="Log in").click()
            await expect(window.page.get_by_role("button", name="Log out")).to_be_visible()
        else:
            await window.page.goto(f"{self.url}{path}")
        return window

    async def shoot(self, window: Window, name: str) -> None:
        """A picture of the whole page, for people to look at."""
        await window.page.screenshot(path=self.screenshots / f"{name}.png", full_page=True)


@contextlib.asynccontextmanager
async def staged(folder: Path, browser: Browser, screenshots: Path) -> AsyncIterator[Stage]:
    """Redis, Sidekiq, the agent in mode `ask`."""
    async with Room(folder) as room:
        port = free_port()
        config = write_config(room.folder, url=room.server.url, mode="ask")
        (room.folder / "ada").write_text(f"{TOKEN}\n")
        (room.folder / "ada").chmod(0o600)
        (room.folder / "rules.yml").write_text(RULES)
        with config.open("a") as text:
            text.write(PAGE.format(port=port))
        for queue in (HOSTILE, LONG):
            await push_job(room.client, "Quick", ["private words"], queue)
        victim = await room.sidekiq.start(("push", "pull"), concurrency=3)
        agent = await room.agent(config)
        # Whoever has no script is shown what there is in that moment.
        await agent.wait_for(f"listens at 127.0.0.1:{port}")
        await _eventually(lambda: _is_seen(f"http://127.0.0.1:{port}"), within=PATIENCE, what=lambda: "the process and its queues")
        yield Stage(room, agent, victim, browser, f"http://127.0.0.1:{port}", screenshots)


async def _is_seen(url: str) -> bool:
    async with (
        aiohttp.ClientSession(f"{url}/api/v1/") as session,
        session.get("processes") as processes,
        session.get("queues") as queues,
    ):
        return len((await processes.json())["items"]) == 1 and len((await queues.json())["items"]) >= 2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(browser: Browser, screenshots: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The one that all share."""
    async with staged(tmp_path_factory.mktemp("page") / "room", browser, screenshots) as stage:
        yield stage


async def _is_live(window: Window) -> None:
    await expect(window.page.locator("#link")).to_have_text("live")


async def test_it_loads_under_its_policy(stage: Stage) -> None:
    """Nothing is said in the console and nothing comes from elsewhere; it says how things stand, whose processes these are, and what waits."""
    window = await stage.window()
    page = window.page
    await _is_live(window)

    await expect(page.locator("#standing")).to_contain_text("It asks before it acts")
    await expect(page.locator("#processes tbody tr")).to_have_count(1)
    await expect(page.locator("#processes tbody")).to_contain_text(str(stage.victim.pid))
    await expect(page.locator("#needs")).to_contain_text("Nothing does.")
    await expect(page.locator("#matrix")).to_contain_text("stuck-job")
    await stage.shoot(window, "live-calm")
    assert window.faults == []
    await window.close()


async def test_a_change_appears_without_loading_anew(stage: Stage) -> None:
    """A queue that comes into being in Redis stands on the page a moment later, and what somebody has typed meanwhile stays, with the place where he was."""
    window = await stage.window(logged_in=True)
    page = window.page
    await _is_live(window)
    await page.evaluate("window.still_the_same = true")
    await page.get_by_label("Why", exact=True).fill("new disks, and")
    await page.locator("#pause-for").select_option("8h")
    await page.get_by_label("Why", exact=True).focus()
    before = await page.locator("#standing").evaluate_handle("(part) => part")

    await push_job(stage.room.client, "Quick", ["private words"], "brand-new")

    await expect(page.locator("#queues tbody")).to_contain_text("brand-new")
    await page.wait_for_function("(part) => !part.isConnected", arg=before, timeout=PATIENCE * 1_000)
    assert await page.evaluate("window.still_the_same")
    await expect(page.get_by_label("Why", exact=True)).to_have_value("new disks, and")
    await expect(page.get_by_label("Why", exact=True)).to_be_focused()
    await expect(page.locator("#pause-for")).to_have_value("8h")
    assert window.faults == []
    await window.close()


async def test_names_that_strangers_have_chosen_do_nothing(stage: Stage) -> None:
    """A queue whose name is a script, or is written from the right, or hardly ends, is text on the page, and no dialog opens; arguments of jobs are nowhere."""
    window = await stage.window(size=PHONE)
    page = window.page
    await _is_live(window)

    await expect(page.locator("#queues tbody")).to_contain_text(HOSTILE)
    await expect(page.locator("#queues tbody")).to_contain_text("l" * 79 + "…")
    assert "private" not in await page.content()
    assert not await window.goes_sideways()
    await stage.shoot(window, "live-phone")
    assert window.faults == []
    await window.close()


async def test_a_pause_is_seen_by_everybody(stage: Stage) -> None:
    """Who pauses says why and for how long; it stands at once on the page of somebody else, who can't end it without logging in; and in the audit log with a name."""
    other = await stage.window()
    await _is_live(other)
    window = await stage.window(logged_in=True)
    page = window.page
    await page.get_by_label("Why", exact=True).fill("new disks <b>tonight</b>")
    await page.get_by_label("For how long").first.select_option("1h")
    await page.get_by_role("button", name="Pause all actions").click()

    await expect(page.get_by_role("alert")).to_contain_text("Paused")
    await expect(page.locator(".switch")).to_contain_text("new disks <b>tonight</b>")
    await expect(other.page.locator(".switch")).to_contain_text("new disks <b>tonight</b>")
    await expect(other.page.locator(".switch")).to_contain_text("says ada")
    await expect(other.page.get_by_role("button", name="Let it act again")).to_have_count(0)
    await stage.shoot(window, "live-paused")

    await page.get_by_label("Why it may act again").fill("they are in")
    await page.get_by_role("button", name="Let it act again").click()
    await expect(page.get_by_role("alert")).to_contain_text("Resumed")
    await expect(page).to_have_url(f"{stage.url}/")
    await expect(other.page.locator(".switch")).not_to_contain_text("new disks")
    rows = await stage.agent.audit(lambda row: row["kind"] == "operator")
    assert [(row["outcome"], row["detail"]["by"]) for row in rows[-2:]] == [("paused", "ada"), ("resumed", "ada")]
    assert window.faults == other.faults == []
    await window.close()
    await other.close()


async def test_without_a_script(stage: Stage) -> None:
    """Tables read, logging in works, and so do the pause and its end; what was answered is shown."""
    window = await stage.window(logged_in=True, java_script_enabled=False)
    page = window.page
    await expect(page.locator("#processes tbody")).to_contain_text(str(stage.victim.pid))
    await expect(page.locator("#queues tbody")).to_contain_text("script")
    await expect(page.locator("#matrix tbody")).to_have_count(2)
    await expect(page.locator("#link")).to_contain_text("as of")

    await page.get_by_label("Why", exact=True).fill("by hand")
    await page.get_by_role("button", name="Pause all actions").click()
    await expect(page.get_by_role("alert")).to_contain_text("Paused")
    await stage.shoot(window, "live-no-script")
    await page.get_by_label("Why it may act again").fill("done")
    await page.get_by_role("button", name="Let it act again").click()
    await expect(page.get_by_role("alert")).to_contain_text("Resumed")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()
    await window.close()


async def test_a_wrong_token_opens_nothing(stage: Stage) -> None:
    """It is said, and the way back is not lost."""
    window = await stage.window(path="/login?back=/audit")
    await window.page.get_by_label("Token").fill("not-a-token-of-anybody")
    await window.page.get_by_role("button", name="Log in").click()

    await expect(window.page.get_by_role("alert")).to_contain_text("nobody’s")
    await window.page.get_by_label("Token").fill(TOKEN)
    await window.page.get_by_role("button", name="Log in").click()
    await expect(window.page).to_have_url(f"{stage.url}/audit")
    await window.close()


async def test_by_keyboard_alone(stage: Stage) -> None:
    """The first stop is the way past the head, wherever one is can be seen, and the keys that are an extra are listed under `?`."""
    window = await stage.window(logged_in=True)
    page = window.page
    await _is_live(window)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="To what stands here")).to_be_focused()
    await page.keyboard.press("Enter")
    stops = []
    for _ in range(6):
        await page.keyboard.press("Tab")
        stops.append(
            await page.evaluate(
                "[document.activeElement.tagName, document.activeElement.closest('main') !== null, getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    assert all(inside and outline != "none" for _, inside, outline in stops), stops

    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await expect(page.get_by_label("Why", exact=True)).to_be_focused()
    await page.keyboard.type("?p")
    await expect(page.get_by_label("Why", exact=True)).to_have_value("?p")
    await window.close()


async def test_light_and_dark(stage: Stage) -> None:
    """As the system has it, until somebody says otherwise; the next page remembers."""
    window = await stage.window(color_scheme="light")
    page = window.page
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_role("button", name="Light or dark").click()
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.goto(f"{stage.url}/audit")

    assert light != dark
    assert dark == await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await window.close()


async def test_a_question_and_its_answer(browser: Browser, screenshots: Path, tmp_path: Path) -> None:
    """
    A job hangs. The page shows that it fires, what is asked, with its evidence and until when, and what each guard says; a yes on the page, and the incident's story goes from the reading to
    what became of the jobs. What is known of it can be followed from there to the audit log, with its chain, what has changed, and all incidents.
    """
    async with staged(tmp_path / "room", browser, screenshots) as stage:
        await _asks_and_is_answered(stage)


async def _asks_and_is_answered(stage: Stage) -> None:
    window = await stage.window(logged_in=True)
    page = window.page
    await _is_live(window)
    await push_job(stage.room.client, "SleepForever", ["private words"], "push")

    ask = page.locator("#needs .ask")
    await expect(ask).to_contain_text("terminate_process")
    await expect(ask).to_contain_text("job.elapsed")
    await expect(page.locator("#needs .alert").first).to_contain_text("stuck-job")
    await expect(page.locator("#matrix tr.firing")).to_have_count(1)
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    await stage.shoot(window, "live-question")
    await page.locator("#matrix tr.firing a").first.click()
    await expect(page.get_by_role("heading", name=re.compile("^Why stuck-job says true"))).to_be_visible()
    await expect(page.get_by_role("region", name="Guards")).to_contain_text("approval")
    await stage.shoot(window, "live-why")
    await page.go_back()

    await ask.get_by_label(re.compile("^Why")).fill("I have looked")
    await ask.get_by_role("button", name="Yes, do it").click()
    await expect(page.get_by_role("alert")).to_contain_text("Approved")
    await stage.agent.sees_off(stage.victim)
    await stage.agent.wait_for("outcome: .*stage='put_back'.*outcome='1 done'")

    link = page.locator("#would a", has_text="stuck-job").first
    await expect(link).to_be_visible()
    await link.click()
    story = page.locator(".story")
    await expect(story).to_contain_text("ada")
    for kind in ("rule", "guard", "step"):
        await expect(story.locator(f"li.{kind}").first).to_be_visible()
    assert "private" not in await page.content()
    await stage.shoot(window, "live-incident")
    text = await page.request.get(f"{stage.url}{await page.get_by_role('link', name='as a text to keep').get_attribute('href')}")
    assert (text.status, text.headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    assert "private" not in await text.text()

    for name, words in (("Incidents", "stuck-job"), ("Audit", "chain whole"), ("Changes", "newest first")):
        await page.get_by_role("navigation").get_by_role("link", name=name).click()
        await expect(page.get_by_role("main")).to_contain_text(words)
        assert "private" not in await page.content()
    assert window.faults == []
    await window.close()


async def test_what_is_not_there(stage: Stage) -> None:
    """A page that says so, in the same dress, and nothing else goes wrong."""
    window = await stage.window(path="/incidents/none-such")
    await expect(window.page.get_by_role("heading")).to_have_text("That is not there")
    assert [fault for fault in window.faults if "404" not in fault] == []
    await window.close()


async def test_it_says_when_it_is_not_connected(stage: Stage) -> None:
    """The agent ends: what stands on the page is from before, and it says since when. Another one begins, and the page is live again by itself."""
    window = await stage.window()
    await _is_live(window)

    assert await stage.agent.stop() == 0
    await expect(window.page.locator("#link")).to_contain_text("not connected since")
    await stage.shoot(window, "live-lost")

    stage.agent = await stage.room.agent(stage.agent.config)
    await _is_live(window)
    await expect(window.page.locator("#audit")).to_contain_text("started")
    await window.close()
