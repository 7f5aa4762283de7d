"""What the agent last wrote of itself, for commands."""

from watchdog.cli.exits import NothingToShowError
from watchdog.picture import picture
from watchdog.picture.picture import Picture, UnreadablePictureError


def read_picture(data: bytes) -> Picture:
    """The picture in what the agent wrote. Raises `NothingToShowError` where it can't be understood."""
    try:
        return picture.read_picture(data)
    except UnreadablePictureError as error:
        raise NothingToShowError(str(error)) from error
