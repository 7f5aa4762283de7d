"""
Looking at one child of a Sidekiq process that was named beforehand, and ending it with all that it has started.

The counterpart of `signals.py`, for what a job waits for. It is asked three times whether it may be: is it the child that was meant, of the process that was meant;
does anything stand against it; and has its tree stood still for so long, this moment included, as far as this agent has looked itself. What moves, and what only may have moved, is let be.

Why the whole tree, and from the top: a shell that is killed leaves the program that it has started behind, which still holds the pipe on which the job waits; and
whoever is killed last can't start another when the one it waits for dies.
"""

import asyncio
import os
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Final

import msgspec

from watchdog.host.boot import Here
from watchdog.host.child_tree import Member, hindrance, ran, read_tree
from watchdog.host.children import Child
from watchdog.host.obstacle import doubt, held_by, untouchable
from watchdog.host.pidfd import Pidfd
from watchdog.host.signals import Doubtful, Ended, Held, open_process
from watchdog.model.results import ChildEnded, ChildLook, Refused
from watchdog.model.targets import ChildRef, Signal

INIT: Final = 1
WITHIN: Final = 5_000
"""Milliseconds in which the kernel has to bring a process to its end; longer than that only what hangs in the kernel takes."""
_STOPPED: Final = frozenset("Tt")
_CANT: Final = (OSError, ValueError, LookupError)

Stood = Callable[[str, Child], int | None]
"""
Identity of a process, and a child of it as it was just read → for how many milliseconds that has stood still, 0 where it has moved since the last look, None where it has not been looked at.
"""


class _Found(msgspec.Struct, frozen=True):
    """The tree that was meant, each held in the same order; `against` is what stands against ending it, or ''; `still` milliseconds."""

    tree: tuple[Member, ...]
    handles: tuple[Pidfd, ...]
    against: str
    still: int


class _Gone(msgspec.Struct, frozen=True):
    reason: str


class Children:
    """
    The children of the processes of this host.

    `stood` tells how long one has stood still (`sampling.Sampler`), `sidekiqs` which pids Sidekiq processes have by their own words.
    """

    def __init__(self, here: Here, *, stood: Stood, sidekiqs: Callable[[], Collection[int]]) -> None:
        self._here = here
        self._stood = stood
        self._sidekiqs = sidekiqs

    def look(self, ref: ChildRef) -> ChildLook:
        """The child as it is now. `alive` is False only where the one that was meant is surely dead, or no child of that process any more."""
        with ExitStack() as stack:
            match self._find(ref, stack):
                case _Found(tree, _, against, still):
                    return ChildLook(alive=True, still=still, processes=len(tree), against=against)
                case _Gone(reason):
                    return ChildLook(alive=False, against=reason)
                case Refused(reason):
                    return ChildLook(alive=True, against=reason)

    async def end(self, ref: ChildRef, *, still_for: int) -> ChildEnded | ChildLook | Refused:
        """
        End it with all that it has started, if nothing of that has run for `still_for` milliseconds, and wait for their end; else the look that says that it has.

        Nothing is done by halves: whoever may not signal one of them signals none.
        """
        with ExitStack() as stack:
            match self._find(ref, stack):
                case _Gone(reason):
                    return ChildEnded(was_gone=True, detail=reason)
                case Refused() as refused:
                    return refused
                case _Found(tree, handles, against, still):
                    if against:
                        return Refused(against)
                    if still < still_for:
                        return ChildLook(alive=True, still=still, processes=len(tree))
                    if reason := _end(tree, handles):
                        return Refused(reason)
                    left = await _await_ends(tree, handles)
                    return ChildEnded(still=still, processes=len(tree), left=left)

    def _find(self, ref: ChildRef, stack: ExitStack) -> _Found | _Gone | Refused:
        """
        The order is what makes it safe: what is read of a process between two readings that show the same start was that process all the time, and so is the
        handle that was opened between them.
        """
        held = open_process(ref.process, self._here)
        match held:
            case Ended(reason):
                return _Gone(f"its process has ended: {reason}")
            case Doubtful(reason):
                return Refused(reason)
        stack.enter_context(held.pidfd)
        if reason := _against_process(ref, held):
            return Refused(reason)
        try:
            child = Pidfd.open(ref.pid)
        except OSError as error:
            return Refused(f"the kernel gives no handle on pid {ref.pid}: {error.strerror}")
        if child is None:
            return _Gone(f"there is no process {ref.pid} any more")
        stack.enter_context(child)
        try:
            before = read_tree(ref.pid, self._here)
            handles = _open(before[1:], stack)
            tree = read_tree(ref.pid, self._here)
        except _CANT as error:
            if child.has_ended():
                return _Gone(f"process {ref.pid} has ended")
            return Refused(f"pid {ref.pid} and what it has started can't be read: {type(error).__name__}")
        return self._judge(ref, before, tree, (child, *handles), held)

    def _judge(
        self, ref: ChildRef, before: tuple[Member, ...], tree: tuple[Member, ...], handles: tuple[Pidfd, ...], held: Held
    ) -> _Found | _Gone | Refused:
        if handles[0].has_ended():
            return _Gone(f"process {ref.pid} has ended")
        if not tree:
            return Refused(f"pid {ref.pid} can't be read")
        if tree[0].born != ref.start_ticks:
            return _Gone(f"pid {ref.pid} has been given to another process since")
        if tree[0].parent != ref.process.pid:
            # Whoever loses its parent is given another, and is nobody's child to wait for any more.
            return _Gone(f"pid {ref.pid} is no child of that process any more")
        if held.pidfd.has_ended():
            return _Gone("its process has ended")
        against = hindrance(tree, never=(INIT, os.getpid()), sidekiqs=self._sidekiqs())
        known = self._stood(ref.process.identity, Child(ref.pid, ref.start_ticks, tree[0].name, ran(tree)))
        # Whoever is about to run does not stand still; what it has run since it woke up the kernel counts only when it stops.
        stands = known is not None and _unchanged(before, tree) and not any(member.runs for member in tree)
        still = known if known is not None and stands else 0
        return _Found(tree, handles, against, still)


def _against_process(ref: ChildRef, held: Held) -> str:
    """Why nothing is to be said of a child of this process, or '': who is held does not run, and its children may be waiting for it."""
    facts = held.facts
    if reason := untouchable(facts, agent=os.getpid()) or doubt(ref.process, facts):
        return f"pid {facts.pid} is not the process that was meant: {reason}"
    if reason := held_by(facts):
        return f"somebody is holding pid {facts.pid}: {reason}"
    if facts.state in _STOPPED or facts.tracer:
        return f"somebody is holding pid {facts.pid}, and its children may be waiting for it"
    return ""


def _open(members: tuple[Member, ...], stack: ExitStack) -> tuple[Pidfd, ...]:
    handles = []
    for member in members:
        handle = Pidfd.open(member.pid)
        if handle is None:
            raise ProcessLookupError
        handles.append(stack.enter_context(handle))
    return tuple(handles)


def _unchanged(before: tuple[Member, ...], now: tuple[Member, ...]) -> bool:
    return [(one.pid, one.born, one.ran) for one in before] == [(one.pid, one.born, one.ran) for one in now]


def _end(tree: tuple[Member, ...], handles: tuple[Pidfd, ...]) -> str:
    """Why none of them was killed, or ''."""
    wanted = [(member, handle) for member, handle in zip(tree, handles, strict=True) if not member.is_dead]
    for member, handle in wanted:
        if not handle.may_be_signalled():
            return f"not permitted to signal {member.name} with pid {member.pid}: the agent needs CAP_KILL, or to run as the user that it runs as"
    for _, handle in wanted:
        try:
            handle.send(Signal.KILL)
        except ProcessLookupError:
            continue  # it ended by itself, or with the one that had started it
    return ""


async def _await_ends(tree: tuple[Member, ...], handles: tuple[Pidfd, ...]) -> int:
    """How many of them have not ended in time."""
    ends = await asyncio.gather(
        *(handle.wait(milliseconds=WITHIN) for member, handle in zip(tree, handles, strict=True) if not member.is_dead)
    )
    return ends.count(False)
