"""
`redis` and `app_redis` of the config → where a Redis is: its address, or the Sentinels that know it.

The counterpart of `sidekiq.place`, which goes there. Nothing here shows a password.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.errors import Span
from watchdog.lang.display import display
from watchdog.lang.text import Text
from watchdog.model.kinds import Type
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.rulefile import nodes
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, items_of, text_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.redis_url import has_password, without_password, wrong_with_master_url, wrong_with_redis_url, wrong_with_sentinel
from watchdog.rulefile.secrets import SecretRef, read_secret
from watchdog.rulefile.values import read_value

BUDGET: Final = 0.02
"""The share of a core that Redis may spend on the agent, where the config says nothing."""
LEAST_BUDGET: Final = 0.001
"""With less even the usual intervals could not be kept where nothing happens."""
_SECRET: Final = ("url", "sentinel_password")
KEYS: Final = ("url", "namespace", "scheduler_prefix", "budget", "sentinels", "master", "sentinel_user", "sentinel_password")
_TOGETHER: Final = ("sentinels", "master")
"""Neither of these means anything without the other."""


class RedisSettings(msgspec.Struct, frozen=True):
    """
    Where the data of an application lie.

    With `sentinels` (`HOST[:PORT]`) these know the server, under the name `master`; `url` then has no host of its own. `url` and
    `sentinel_password` can hold a password: `shown` is what people and logs get to see.
    """

    url: str
    namespace: str = ""
    sentinels: tuple[str, ...] = ()
    master: str = ""
    sentinel_user: str = ""
    sentinel_password: str = ""
    scheduler_prefix: str = ""
    budget: float = BUDGET

    @property
    def shown(self) -> str:
        """The address without its password."""
        if self.sentinels:
            return f"{self.master} of the Sentinels {', '.join(self.sentinels)}"
        return without_password(self.url)

    def __repr__(self) -> str:
        return f"RedisSettings({self.shown!r}, namespace={self.namespace!r}, scheduler_prefix={self.scheduler_prefix!r}, budget={self.budget!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.shown), ("namespace", self.namespace), ("scheduler_prefix", self.scheduler_prefix), ("budget", self.budget)]


def read_redis(name: str, node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> RedisSettings | None:
    """The settings under the key `name`; secrets that have yet to be fetched and places of bare ones are added to the lists."""
    keys = Keys(f"'{name}'", optional=KEYS)
    values = keys.read(node, findings)
    if values is None:
        return None
    by_sentinel = any(key in values for key in _TOGETHER)
    keys.require(_TOGETHER if by_sentinel else ("url",), node, values, findings)
    settings = RedisSettings(
        url="",
        namespace=_text(values, "namespace", text_of, findings),
        sentinels=_sentinels(values["sentinels"], findings) if "sentinels" in values else (),
        master=_text(values, "master", words_of, findings),
        scheduler_prefix=_text(values, "scheduler_prefix", text_of, findings),
        budget=(_budget(values["budget"], findings) if "budget" in values else None) or BUDGET,
        sentinel_user=_text(values, "sentinel_user", words_of, findings),
    )
    contents: dict[str, str] = {}
    for key in _SECRET:
        text = words_of(values[key], f"'{key}'", findings) if key in values else None
        match read_secret(text, (name, key), findings) if text else None:
            case SecretRef() as secret:
                secrets.append(secret)
            case str() as content if text:
                contents[key] = content
                if key == "url":
                    check_url(text, content, settings, findings)
                if key != "url" or has_password(content):
                    bare.append(values[key].span)
    return msgspec.structs.replace(settings, **contents)


def with_secret(settings: RedisSettings, key: str, text: Text, content: str, findings: Findings) -> RedisSettings:
    """The settings with the content of the secret that `text` refers to, which is checked."""
    settings = msgspec.structs.replace(settings, **{key: content})
    if key == "url":
        check_url(text, content, settings, findings)
    return settings


def check_url(text: Text, url: str, settings: RedisSettings, findings: Findings) -> None:
    """Note what is wrong with the address that stands, or is named, at `text`."""
    wrong, hint = wrong_with_master_url(url, settings.master) if settings.sentinels else wrong_with_redis_url(url)
    if wrong:
        findings.add("E501", text.span(0, len(text.value)), f"the address of Redis {wrong}", hint=hint)


def _text(values: dict[str, Node], key: str, read: Callable[[Node, str, Findings], Text | None], findings: Findings) -> str:
    text = read(values[key], f"'{key}'", findings) if key in values else None
    return text.value if text is not None else ""


def _budget(node: Node, findings: Findings) -> float | None:
    spec = ParameterSpec(name="budget", form=Form.RATIO, doc="", example="budget: 2%")
    budget = read_value(node, spec, findings)
    if isinstance(budget, float) and budget < LEAST_BUDGET:
        findings.add("E125", node.span, f"'budget' must be at least {display(LEAST_BUDGET, Type.RATIO)}", hint=spec.example)
        return None
    return budget if isinstance(budget, float) else None


def _sentinels(node: Node, findings: Findings) -> tuple[str, ...]:
    items = items_of(node, "'sentinels'", findings)
    if items is None:
        return ()
    if not items and isinstance(node, nodes.Sequence) and node.whole:
        findings.add("E123", node.span, "'sentinels' names no Sentinel", hint="for instance [10.0.0.1:26379, 10.0.0.2:26379]")
    texts = [text for item in items if (text := words_of(item, "a Sentinel", findings)) is not None]
    for text in texts:
        if wrong := wrong_with_sentinel(text.value):
            findings.add("E512", text.span(0, len(text.value)), f"the address of a Sentinel {wrong}", hint="HOST or HOST:26379")
    return tuple(text.value for text in texts)
