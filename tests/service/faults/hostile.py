"""
What a stranger can have written where the agent reads: names of classes, hosts and errors that are markup, commands to a terminal, headers of a mail or calls to everybody, and one of a megabyte.

All of it comes by Redis, as anybody who may enqueue a job, and any Sidekiq that reports itself, can put it there.
"""

import json
import re
import time
from html.parser import HTMLParser
from typing import Any, Final

CANARY: Final = "canary-7f3a-private-post"
"""Stands in the arguments of every job: it must come out nowhere."""
MARK: Final = "zqjx"
"""Stands in every hostile name, so that it is found again wherever it is shown."""
HOSTILE: Final = {
    "html": "<img src=x onerror=alert(1)><script>alert(2)</script></b></body><mx-reply>",
    "slack": "<!channel> <!here> <@U012AB3CD> <#C012AB3CD> <https://evil.example|your bank>",
    "matrix": '@room @everyone <a href="https://matrix.to/#/@ada:example.org">Ada</a>',
    "markdown": "[x](javascript:alert(1)) ![x](https://evil.example/p.png) **b** `c` ~~d~~",
    "terminal": "\x1b]0;owned\x07\x1b[2J\x1b[1;31m\x9b31m\x08\x08\x7f",
    "lines": "x\r\nBcc: victim@example.org\r\n\r\n.\r\nQUIT\r\n2026-01-01 ERROR forged\n",
    "bidi": "\u202egnp.exe\u2066abc\u2069 \u200b\u2060\ufeff \u2028\u2029\u0085",
    "marks": "e" + "\u0301" * 200,
    "quotes": '"\'\\" ${file:/etc/passwd} {{7*7}} %s %n $(id) `id`',
    "megabyte": "A" * 1_000_000,
}
"""Kind → name of a class. A megabyte is of no other danger than its length."""
OBEYED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters that a terminal or a reader obeys instead of showing them; a new line and a tab are not among them."""
HOST: Final = f"{MARK} <b>@room</b> <!channel> [x](javascript:alert(1)) *y* `z` \"'"
"""The name of a host that is only markup; one with characters that a terminal obeys is not believed to be a host at all."""
NO_HOST: Final = f"{MARK}<b>\x1b[31m@room\u202e\r\nX-Evil: 1<!channel>"


def named(kind: str) -> str:
    """The class of that kind."""
    return f"{MARK}-{kind} {HOSTILE[kind]}"


async def fill(client: Any) -> None:
    """A process of a hostile host, alive and beating, each of whose threads is stuck in a job of a hostile class; and as many retries that failed in hostile ways."""
    now = time.time()
    for host in (NO_HOST, HOST):
        identity = f"{host}:4242:0123456789ab"
        info = {
            "hostname": host, "started_at": now - 3600, "pid": 4242, "tag": named("html"), "concurrency": len(HOSTILE), "queues": ["push"], "identity": identity,
        }  # fmt: skip
        await client.sadd("processes", identity)
        await client.hset(identity, mapping={"info": json.dumps(info), "busy": len(HOSTILE), "beat": now, "quiet": "false"})
        await client.expire(identity, 3600)
    await client.sadd("queues", "push")
    for number, kind in enumerate(HOSTILE):
        job = {
            "class": named(kind),
            "jid": f"{number:024x}",
            "queue": "push",
            "args": [CANARY],
            "retry": True,
            "created_at": now,
            "enqueued_at": now,
        }
        work = json.dumps({"queue": "push", "run_at": int(now) - 600, "payload": json.dumps(job)})
        failed = {**job, "error_class": named(kind), "error_message": HOSTILE[kind] + CANARY, "failed_at": now, "retry_count": 3}
        # The name of the hash before Sidekiq 7.2 and from then on.
        for hash_ in ("workers", "work"):
            await client.hset(f"{identity}:{hash_}", f"t{number}", work)
        await client.zadd("retry", {json.dumps({**failed, "jid": f"{number + 500:024x}"}): now + 600})


def refused(text: str) -> list[str]:
    """Why this text, as somebody's eyes or terminal get it, would not be harmless; empty where it is."""
    found = sorted({f"U+{ord(char):04X}" for char in OBEYED.findall(text)})
    return (
        [f"obeyed characters {' '.join(found)}"] * bool(found)
        + ["the canary"] * (CANARY in text)
        + ["forged line"] * bool(re.search(r"(?m)^(Bcc: victim|X-Evil|QUIT|2026-01-01 ERROR)", text))
    )


ALLOWED: Final = frozenset({"html", "head", "meta", "title", "body", "a", "b", "br", "h4", "hr", "i", "li", "p", "pre", "ul"})
"""Tags that the agent writes itself; none of them fetches anything."""
_ATTRIBUTES: Final = frozenset({("html", "lang"), ("meta", "charset"), ("a", "href")})


class _Eyes(HTMLParser):
    """Reads as a browser does: tags apart from text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.harm: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Each tag with its attributes."""
        if tag not in ALLOWED:
            self.harm.append(f"tag {tag}")
        for name, value in attrs:
            if (tag, name) not in _ATTRIBUTES or (name == "href" and not (value or "").startswith("https://watchdog.example/")):
                self.harm.append(f"attribute {name}={value!r} of {tag}")

    def handle_comment(self, data: str) -> None:
        """None is written."""
        self.harm.append(f"comment {data[:40]!r}")

    def handle_data(self, data: str) -> None:
        """What is read."""
        self.text.append(data)


def read_html(text: str) -> tuple[str, list[str]]:
    """What is read of it, and what it would do beside that."""
    eyes = _Eyes()
    eyes.feed(text)
    eyes.close()
    read = "".join(eyes.text)
    return read, eyes.harm + refused(read)
