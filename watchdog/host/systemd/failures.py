"""Why systemd can't be asked: a word for programs and a sentence for people each; and its answer that it refuses something."""

from typing import Final

from watchdog.errors import WatchdogError

SENTENCES: Final[dict[str, str]] = {
    "refused": "nothing listens at the system bus {where}",
    "forbidden": "the agent's user may not open the system bus {where}",
    "auth": "the system bus {where} refuses the agent's user",
    "reset": "the system bus {where} closed the connection",
    "timeout": "systemd does not answer over the system bus {where}",
    "nobody": "nobody answers for systemd at the system bus {where}",
    "denied": "the agent's user may not ask systemd over the system bus {where}",
    "error": "systemd refuses to say how its units are, over the system bus {where}",
}
"""Code → sentence; `{where}` is the path of the socket."""


class SystemdUnavailableError(WatchdogError):
    """systemd can't be asked now: `code` is one word of `SENTENCES`, `message` the sentence."""

    def __init__(self, code: str, where: str) -> None:
        self.code = code
        self.message = SENTENCES[code].format(where=where)
        super().__init__(self.message)


class CallError(Exception):
    """Who was called understood it and refused; `name` is D-Bus' name of the error, `text` what it says."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text

    @property
    def is_for_want_of_a_right(self) -> bool:
        """Whether polkit, or the bus, does not let this user do it."""
        return self.name.rpartition(".")[2] in ("AccessDenied", "InteractiveAuthorizationRequired")


def meant_by(error: CallError) -> str:
    """The code for what an error means for systemd as a whole, where no error is expected."""
    match error.name.removeprefix("org.freedesktop.DBus.Error."):
        case "ServiceUnknown" | "NameHasNoOwner" | "Disconnected" | "Spawn.ChildExited":
            return "nobody"
        case "NoReply" | "Timeout" | "TimedOut":
            return "timeout"
        case "AccessDenied":
            return "denied"
        case _:
            return "error"
