"""Everything that the program may refuse, as a table: code, sentence, and what to do about it."""

from typing import Final, NamedTuple


class RefusalSpec(NamedTuple):
    """One kind of refusal; `sentence` has a place for `what`."""

    code: str
    sentence: str
    hint: str


REFUSALS: Final = {
    spec.code: spec
    for spec in (
        RefusalSpec("bad-request", "the request can't be read: {what}", "packaging/README.md shows what may be asked"),
        RefusalSpec("not-allowed", "{what} may not ask here", "name the user under `allow` in inspect.toml"),
        RefusalSpec("gone", "there is no process {what}", "nothing can be read of a process that has ended"),
        RefusalSpec("another", "process {what} is another one than was meant: it started at another time", "ask with the start time of the one that is meant"),
        RefusalSpec("left", "process {what} ended, or left its unit, while it was being read; nothing of it is given out", "what it held is lost"),
        RefusalSpec("protected", "process {what} is never read", "pid 1, this program and threads of the kernel are no Sidekiq"),
        RefusalSpec("not-named", "process {what} belongs to no system service that may be read", "name its service under `units` in inspect.toml"),
        RefusalSpec("no-right", "the kernel does not let us read process {what}", "CAP_SYS_PTRACE is needed, kernel.yama.ptrace_scope below 3, and no container that filters pidfd_getfd or process_vm_readv"),
        RefusalSpec("no-support", "this kernel can't do it: {what}", "Linux 5.6 or later is needed"),
        RefusalSpec("failed", "the request failed by a fault of this program ({what})", "its log says where; please report it"),
    )
}  # fmt: skip
"""Code → its spec. A code, once given out, keeps its meaning."""


class RefusedError(Exception):
    """A request that is refused; nothing of any process is given out with it."""

    def __init__(self, code: str, what: str) -> None:
        self.spec = REFUSALS[code]
        super().__init__(self.spec.sentence.format(what=what))
