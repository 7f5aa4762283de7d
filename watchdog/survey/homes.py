"""Where a user is at home, by /etc/passwd alone: what a `WorkingDirectory=~` means on the machine that is looked at."""

from pathlib import Path

from watchdog.survey.files import UnreadableError, text_of, under


def home_of(user: str, root: Path) -> str:
    """The folder of that user, by name or number; `/` where it is not known."""
    try:
        lines = text_of(under(root, "/etc/passwd")).splitlines()
    except (FileNotFoundError, UnreadableError):
        return "/"
    fields = (line.split(":") for line in lines)
    return next((one[5] for one in fields if len(one) == 7 and user in (one[0], one[2]) and one[5].startswith("/")), "/")
