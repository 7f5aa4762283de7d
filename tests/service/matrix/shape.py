"""
The shape of what a Sidekiq leaves in Redis, and of the commands with which it does so: to hold the stand-in against the real one.

Kept are: keys, types, lifetimes, the fields of JSON in their order, units and types of numbers, texts, and the order and the transactions of commands.
Taken out is what differs from run to run: identities, jids, dates, moments.
"""

import itertools
import json
import re
import time
from collections.abc import Iterable
from typing import Any, Final

import redis.asyncio

_LIFETIMES: Final = (60, 8 * 3600, 3 * 24 * 3600, 5 * 365 * 24 * 3600)
_DIGITS: Final = {"hostname": "a host", "pid": "a pid", "identity": "an identity"}
_BEATING: Final = frozenset(
    {
        "MULTI",
        "EXEC",
        "INCRBY",
        "EXPIRE",
        "UNLINK",
        "HSET",
        "HMSET",
        "PING",
        "SADD",
        "SREM",
        "EXISTS",
        "RPOP",
        "BITFIELD",
        "HINCRBY",
        "RPUSH",
    }
)
"""The commands of beats and of the end; all others come when they will."""
_COUNTING: Final = re.compile(r"HINCRBY j\||BITFIELD |EXPIRE (j\||\S+-D-H:M )")
"""What metrics/tracking.rb sends."""
_CLEANING: Final = ("SET process_cleanup", "SSCAN processes", "HGET IDENTITY info")


async def keys(client: redis.asyncio.Redis, identity: str, *, version: str) -> dict[str, Any]:
    """
    All keys with what is in them; keys of different minutes count as one. `version` is that of the process.

    That of the cleaning up is left out: it comes 10 to 15 s after the start, or at the end where that is sooner. Its commands are among the `beats`.
    """
    found: dict[str, Any] = {}
    for key in [key async for key in client.scan_iter() if key != b"process_cleanup"]:
        name, kind, lifetime = _key(key.decode(), identity), (await client.type(key)).decode(), await client.ttl(key)
        content = await _content(client, key, name, kind=kind, identity=identity, version=version)
        found[name] = [kind, "for ever" if lifetime == -1 else next(most for most in _LIFETIMES if lifetime <= most), content]
    return found


async def _content(client: Any, key: bytes, name: str, *, kind: str, identity: str, version: str) -> Any:
    match kind:
        case "hash":
            fields = {field.decode(): value for field, value in (await client.hgetall(key)).items()}
            if name == "IDENTITY":
                return {field: _field(field, value, version) for field, value in fields.items()}
            if name.startswith("j|"):
                return {field: "ms" if field.endswith("|ms") else int(value) for field, value in fields.items()}
            return sorted(map(_json, fields.values()))
        case "list":
            return [_json(value) for value in await client.lrange(key, 0, -1)]
        case "zset":
            return sorted([_json(value), _score(score)] for value, score in await client.zrange(key, 0, -1, withscores=True))
        case "set":
            return sorted(_key(member.decode(), identity) for member in await client.smembers(key))
        case _:
            value = await client.get(key)
            return "bits" if b"\0" in value else value.decode()


def beats(commands: Iterable[str], identity: str) -> dict[str, list[str]]:
    """
    Out of all commands that a process sent: those of its first beat, of the first that wrote jobs, of its clean stop, of its one cleaning up, and its
    counts by class over its whole life: with which beat they go depends on the moment at which a job ends.

    Where jobs end at the same moment their order is nobody's promise.
    """
    shaped = [_command(command, identity) for command in commands]
    counts, shaped = [one for one in shaped if _COUNTING.match(one)], [one for one in shaped if not _COUNTING.match(one)]
    parts: list[list[str]] = [[]]
    for command in shaped:
        if command.split(" ")[0] in _BEATING and not command.startswith("SADD queues"):
            parts[-1].append(command)
        if command.startswith("RPOP"):
            parts.append([])
    busy = next(part for part in parts if any(command.startswith("HSET IDENTITY:") for command in part))
    cleaning = [command for command in shaped if command.startswith(_CLEANING)]
    return {
        "first": parts[0],
        "busy": _without_order(busy),
        "end": _without_order(parts[-1]),
        "cleaning": cleaning,
        "counts": summed(counts),
    }


def summed(counts: Iterable[str]) -> list[str]:
    """Each command for counts once, with the sum of what it added."""
    totals: dict[str, int] = {}
    for command in counts:
        words, _, added = command.rpartition(" ")
        is_sum = command.startswith("HINCRBY") and added.isdigit()
        totals[words if is_sum else command] = totals.get(words, 0) + int(added) if is_sum else 0
    return sorted(f"{command} {total}" if total else command for command, total in totals.items())


def _without_order(commands: list[str]) -> list[str]:
    """Runs of pushes, and of counts of classes, sorted."""
    ordered: list[str] = []
    for verb, group in itertools.groupby(commands, lambda command: command.split(" ")[0]):
        found = list(group)
        ordered += sorted(found) if verb in ("HINCRBY", "RPUSH") else found
    return ordered


def _command(command: str, identity: str) -> str:
    verb, *words = command.split(" ")
    words = [_key(word, identity) for word in words]
    match verb.upper():
        case "HSET" | "HMSET" if words[0] == "IDENTITY":
            return f"{verb.upper()} IDENTITY {' '.join(words[1::2])}"
        case "HSET":
            return f"HSET {words[0]} with {len(words[1:]) // 2}"
        case "HINCRBY" if words[1].endswith("|ms"):
            return f"HINCRBY {words[0]} {words[1]} n"
        case "BITFIELD":
            return re.sub(r"#\d+ \d+", "n", " ".join(("BITFIELD", *words)))
        case "RPUSH":
            return " ".join(("RPUSH", words[0], *(_json(word.encode()) for word in words[1:])))
        case upper:
            return " ".join((upper, *words))


def _key(key: str, identity: str) -> str:
    key = key.replace(identity, "IDENTITY")
    key = re.sub(r"\d{4}-\d\d-\d\d$", "DAY", key)
    key = re.sub(
        r"\|\d{8}\|\d+:\d+$",
        "|YYYYMMDD|H:M",
        re.sub(r"\|\d{6}\|\d+:\d$", "|yymmdd|H:T", re.sub(r"\|\d{6}\|\d+:\d\d$", "|yymmdd|H:MM", key)),
    )
    return re.sub(r"-\d+-\d+:\d+$", "-D-H:M", key)


def _field(field: str, value: bytes, version: str) -> object:
    match field:
        case "info":
            return _json(value).replace(f'"version": "{version}"', '"version": "its own"')
        case "beat":
            return _moment(json.loads(value))
        case "rss" | "rtt_us":
            return "a count" if value.isdigit() else value
        case _:
            return value.decode()


def _json(raw: bytes) -> str:
    """JSON with its fields in order, moments and names in words; anything else as it is."""
    try:
        value = json.loads(raw)
    except ValueError:
        return f"no JSON: {raw!r}"
    return json.dumps(_value("", value), ensure_ascii=False)


def _value(field: str, value: Any) -> Any:
    match value:
        case dict():
            return {name: _value(name, inner) for name, inner in value.items()}
        case list():
            return [_value(field, inner) for inner in value]
        case bool() | None:
            return value
        case _ if field in _DIGITS:
            return _DIGITS[field]
        case str() if field == "jid":
            return re.sub("^[0-9a-f]{24}$", "24 hex digits", value)
        case str() if field == "error_message":
            # Some Rubies add the line of source to what a NameError says.
            return value.split("\n")[0]
        case str() if field == "payload":
            return _json(value.encode())
        case int() | float() if field.endswith("_at"):
            return _moment(value)
        case _:
            return value


def _moment(value: object) -> str:
    now = time.time()
    match value:
        case int() if abs(value - now) < 300:
            return "whole seconds"
        case int() if abs(value - now * 1_000) < 300_000:
            return "milliseconds"
        case float() if abs(value - now) < 300:
            return "seconds"
        case _:
            return f"no moment of now: {value}"


def _score(score: float) -> str:
    ahead = score - time.time()
    return next(
        (name for name, least, most in (("now", -60, 1), ("soon", 1, 60), ("in an hour", 3_500, 3_660)) if least <= ahead <= most),
        str(ahead),
    )
