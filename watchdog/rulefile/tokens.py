"""
Who comes to the page by a secret of their own: who may say anything there (`page: tokens`), and who only looks (`page: readers`), be it a person or a program. A part of `page`.

A name stands in one of both lists, and a secret stands for one name: or somebody who only looks could speak.
"""

from collections.abc import Collection, Mapping
from typing import Final

from watchdog.errors import Span
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import entries_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.proxied import wrong_with_secret
from watchdog.rulefile.secrets import SecretRef, read_secret

TOKENS: Final = "tokens"
READERS: Final = "readers"
LONGEST_NAME: Final = 64
_OF_ONES_OWN: Final = "each person has one of their own, and so has each program"


def read_tokens(
    node: Node, setting: tuple[str, str], others: Mapping[str, str], secrets: list[SecretRef], bare: list[Span], findings: Findings
) -> dict[str, str]:
    """Name → secret, empty where it is referred to, of the list at that `setting`; `others` are those of the list that was read before."""
    found: dict[str, str] = {}
    for entry in entries_of(node, quoted(setting[1]), findings) or ():
        name = entry.key.text.value
        if not _is_a_name(name):
            findings.add(
                "E533", entry.key.span, f"{quoted(name)} can't be the name of a person", hint="at most 64 letters, digits and . _ @ + -"
            )
            continue
        if name in others:
            findings.add(
                "E533", entry.key.span, f"{quoted(name)} stands under '{TOKENS}' as well, so it is not said whether it may say anything",
                hint=f"under '{TOKENS}' alone it may, and look, too; under '{READERS}' alone it only looks",
            )  # fmt: skip
            continue
        secret = read_token(entry.value, (*setting, name), f"the token of {quoted(name)}", secrets, bare, findings)
        if secret is None:
            continue
        check_own(secret, {*found.values(), *others.values()}, f"the token of {quoted(name)}", entry.value.span, findings)
        found[name] = secret
    return found


def read_token(
    node: Node, setting: tuple[str, ...], what: str, secrets: list[SecretRef], bare: list[Span], findings: Findings
) -> str | None:
    """The secret if it is written out, empty where it is referred to, None where it is neither."""
    text = words_of(node, what, findings)
    read = None if text is None else read_secret(text, setting, findings)
    if isinstance(read, SecretRef):
        secrets.append(read)
        return ""
    if read is None:
        return None
    bare.append(node.span)
    if wrong := wrong_with_secret(read):
        findings.add("E533", node.span, f"{what} {wrong}", hint="`openssl rand -hex 24` makes one")
    return read


def check_own(secret: str, others: Collection[str], what: str, place: Span, findings: Findings) -> None:
    """Notes where it is one of the others, too; one that has yet to be fetched is nobody's."""
    if secret and secret in others:
        findings.add("E533", place, f"{what} is somebody else's too", hint=_OF_ONES_OWN)


def _is_a_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and all(char.isalnum() or char in "._@+-" for char in name)
