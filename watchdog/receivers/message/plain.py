"""A message as plain text: for mail, for the body of a Matrix message, for whatever shows nothing else."""

from collections.abc import Iterator

from watchdog.receivers.message.message import Fact, Message, Section


def plain_of(message: Message) -> str:
    """The whole of it, beginning with the headline."""
    blocks = ["\n".join(_section(section, alone=len(message.sections) == 1)) for section in message.sections]
    return "\n\n".join(block for block in (message.headline, *blocks, "\n".join(message.notes)) if block)


def _section(section: Section, *, alone: bool) -> Iterator[str]:
    if not alone:
        yield section.title
    for fact in section.facts:
        yield from _fact(fact)
    for link in section.links:
        yield f"{link.label}: {link.url}"


def _fact(fact: Fact) -> Iterator[str]:
    lines = fact.value.split("\n")
    if fact.label and not fact.is_long:
        yield f"{fact.label}: {fact.value}"
        return
    if fact.label:
        yield f"{fact.label}:"
    # Set in: a line never begins with what it holds, which a client could take for a quotation, or for an answer to somebody.
    yield from (f"  {line}" for line in lines)
