"""What is followed of other servers, in the picture of `status`."""

from watchdog.cli.output import Output
from watchdog.picture.other_servers import OtherServers


def show_other_servers(out: Output, shown: OtherServers | None) -> None:
    """How many are told, and a line for each thing that can't be known; nothing where this is no Mastodon."""
    if shown is None:
        return
    out.line(f"other servers: {shown.told:,} told one by one")
    for trouble in shown.troubles:
        out.line("other servers: ", (trouble, "warn"))
