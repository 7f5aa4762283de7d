r"""
Plain data to bytes: equal data gives equal bytes, and any text can be written.

Host names, units and command lines come from the kernel as bytes. What is not UTF-8 in them arrives here as lone
surrogates, which neither JSON nor SQLite accepts; it is written as `\udcXX` then. A strange name
must never keep a row from being written, since without the row nothing may be done.
"""

from typing import Any

import orjson


def whole(text: str) -> str:
    """The text with everything that UTF-8 can't hold spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def encode(data: Any) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8. Raises `TypeError` for anything that is not plain data."""
    try:
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return orjson.dumps(_spelled_out(data), option=orjson.OPT_SORT_KEYS)


def _spelled_out(data: Any) -> Any:
    match data:
        case str():
            return whole(data)
        case dict():
            return {_spelled_out(key): _spelled_out(value) for key, value in data.items()}
        case list() | tuple():
            return [_spelled_out(value) for value in data]
        case _:
            return data
