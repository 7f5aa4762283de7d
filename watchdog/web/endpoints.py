"""Every endpoint below `/api/v1`: the one table that the router, the OpenAPI document and the reference are made of."""

from typing import Final

from watchdog.picture.picture import Picture
from watchdog.web.endpoint import Endpoint, Method
from watchdog.web.views.status import status

ROOT: Final = "/api/v1"
LOOKS: Final[tuple[Endpoint, ...]] = (
    Endpoint(method=Method.GET, path="/status", doc="All that `status` shows, in one piece.", answer=Picture, run=status),
)
"""What can be looked at."""
ENDPOINTS: Final[tuple[Endpoint, ...]] = LOOKS
