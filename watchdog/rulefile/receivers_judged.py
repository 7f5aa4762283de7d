"""What must hold of a receiver's settings beside what their forms say: of one by itself, and of several together."""

import re
from collections.abc import Mapping
from typing import Any, Final

from watchdog.errors import Span
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.nodes import Node, Sequence
from watchdog.rulefile.values import fits_as_host

_MAILBOX: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""As RFC 5321 has it, without quotes and addresses in brackets: nobody has such a one."""
_HERE: Final = re.compile(r"localhost|127\.[0-9.]+|::1")


def judge(type_: str, values: Mapping[str, Any], written: Mapping[str, Node], findings: Findings) -> None:
    """Notes what is wrong. `values` are those that could be read, `written` the nodes of all that were written."""
    if "ca" in values and not values["ca"].startswith("/"):
        findings.add("E530", written["ca"].span, "'ca' must be a whole path", hint="ca: /etc/sidekiq-watchdog/ca.pem")
    if "password" in values and "user" not in written:
        findings.add("E530", written["password"].span, "there is a password and no user", hint="user: NAME")
    if type_ == "email":
        _judge_email(values, written, findings)


def _judge_email(values: Mapping[str, Any], written: Mapping[str, Node], findings: Findings) -> None:
    if "from" in values:
        _judge_mailbox(values["from"], written["from"].span, findings)
    if "to" in values:
        node = written.get("to")
        spans = [item.span for item in node.items] if isinstance(node, Sequence) else []
        for number, address in enumerate(values["to"]):
            _judge_mailbox(address, spans[number] if len(spans) == len(values["to"]) else written["to"].span, findings)
        if "to" in written and not values["to"] and not spans:
            findings.add("E530", written["to"].span, "'to' names nobody", hint="to: [ops@example.org]")
    if "host" in values and (any(char.isspace() or char in "/@" for char in values["host"]) or not fits_as_host(values["host"])):
        findings.add(
            "E530", written["host"].span, f"{quoted(values['host'])} is no name of a host", hint="host: mail.example.org, port: 587"
        )
    elif values.get("tls") == "none" and "user" in values and not _HERE.fullmatch(values.get("host", "")):
        findings.add(
            "E530", written["user"].span, "the password would be sent in clear over the network", hint="tls: starttls, or tls: tls"
        )


def _judge_mailbox(address: str, span: Span, findings: Findings) -> None:
    if not _MAILBOX.fullmatch(address) or ".." in address:
        findings.add("E530", span, f"{quoted(address)} is no address of mail", hint="for instance ops@example.org")
