"""The agents of all hosts in the picture of `status`: who may act, on which hosts nobody may, and who does."""

from watchdog.cli.output import Output
from watchdog.lang.display import lasting
from watchdog.picture.picture import Fleet


def show_fleet(out: Output, fleet: Fleet | None, *, host: str, at: int) -> None:
    """Nothing where this agent, which is that of `host`, is alone, and nothing else is there to be looked after. `at` is UTC milliseconds."""
    if fleet is None:
        return
    if fleet.acts is not None:
        acts = fleet.acts
        out.line(
            "under way: ", (f"{acts.action} on {acts.target}", "warn"), f" by the agent of {acts.host}, for {lasting(at - acts.since)}"
        )
    if fleet.without:
        out.line("hosts whose processes beat, and that have no agent that acts: ", (", ".join(fleet.without), "warn"))
    if all(one.host == host for one in fleet.agents):
        return
    if fleet.leads:
        out.line("what concerns the whole is done by the agent of ", (fleet.leads, "strong"))
    out.line("")
    out.line(("Agents that act", "strong"))
    out.table(
        ("host", "version", "mode", "pid", "up"),
        [(one.host, one.version, one.mode, str(one.pid), lasting(at - one.since)) for one in fleet.agents],
    )
