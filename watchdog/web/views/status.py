"""All that `status` shows, in one piece."""

from typing import Any

from watchdog.web.endpoint import Call


async def status(call: Call) -> dict[str, Any]:
    """The picture as the agent makes it; `watchdog.picture.picture.Picture` is how it is read."""
    return call.inside.picture()
