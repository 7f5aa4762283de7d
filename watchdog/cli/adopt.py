"""`adopt`: a person says that the agent may rely on what it remembers, here and now."""

from typing import TYPE_CHECKING

from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import ReasonOption, who, words

if TYPE_CHECKING:
    from watchdog.model.told import OperatorAdopted


def adopt(*, reason: ReasonOption = "", config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """
    Let the agent act again that does not trust its memory: on another machine or Redis than before, after damage, or with something cut off long ago.

    Until then it stays in dry-run, and `status` says why; look there first, and at what the audit log says of open incidents. What was under way
    on another machine or for another Redis is given up and never carried on; what was under way here goes on. From then on the rules act again; of what they find at that moment they only ask. Where the machine, the host name or the address of Redis only has to be put right again, do that instead: then nothing needs to be adopted. Ends with 1 if there is
    nothing to adopt, with 3 where no agent runs; the next one heeds it within an hour.
    """
    import asyncio

    from watchdog.cli.state import state_folder
    from watchdog.cli.telling import tell

    return asyncio.run(tell(state_folder(config), _told(words(reason)), as_json=as_json))


def _told(reason: str) -> "OperatorAdopted":
    import time

    from watchdog.cli.telling import new_id
    from watchdog.model.told import OperatorAdopted

    return OperatorAdopted(id=new_id(), by=who(), reason=reason, asked=time.time_ns() // 1_000_000)
