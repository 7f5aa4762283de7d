"""The processes of Sidekiq."""

from typing import Final

from watchdog.model.points.spec import Area, PointSpec

SIDEKIQ: Final = (
    PointSpec(
        "sidekiq",
        Area.SIDEKIQ,
        "That processes of Sidekiq beat in this database, under this namespace.",
        "With another database or namespace than Sidekiq's everything looks quiet.",
        "Set the database in `redis: {url: …/N}` and `namespace:` as the application has them.",
        "no process of Sidekiq beats here",
    ),
    PointSpec(
        "sidekiq-versions",
        Area.SIDEKIQ,
        "Their versions: 6.4 to 8.1 are known.",
        "Others may keep their data in another shape.",
        "Tell us about it; what can't be read is shown by `status`.",
        "Sidekiq 9.0.0 is not known to this version",
    ),
    PointSpec(
        "sidekiq-here",
        Area.SIDEKIQ,
        "Which of them run on this host: host name, pid and title must agree.",
        "What is not found here the agent can only watch.",
        "Set `host:` in the config to the name under which they stand in Redis.",
        "2 processes of Sidekiq run here, and none of them is called by the name of this host (web1) in Redis, but: web9",
    ),
    PointSpec(
        "sidekiq-signals",
        Area.SIDEKIQ,
        "That the agent may signal those: `kill` with signal 0, or CAP_KILL.",
        "Without it nothing can be ended or told to be quiet.",
        "`AmbientCapabilities=CAP_KILL` in the agent's unit, or the same user as Sidekiq.",
        "the agent's user may not signal 4711",
    ),
    PointSpec(
        "sidekiq-clocks",
        Area.SIDEKIQ,
        "The clocks of the hosts that they run on, beside that of Redis.",
        "A job seems to run for longer, or shorter, by as much as they differ.",
        "Keep them in time: NTP.",
        "the clock of web2 is 42 s behind that of Redis",
    ),
    PointSpec(
        "sidekiq-fleet",
        Area.SIDEKIQ,
        "Agents of other hosts: which there are, and on which hosts there is none that may act.",
        "Signals are local: each host needs an agent of its own.",
        "Install the agent there, of the same version.",
        "no agent that may act is on: web2",
    ),
    PointSpec(
        "sidekiq-probe",
        Area.SIDEKIQ,
        "Whether the processes have the probe, which notes what each runs.",
        "It is not needed. With it more of what a process held is proven when it dies without a word.",
        "packaging/probe/README.md",
        "2 errors of the probe in web1:4711:a1b2",
    ),
)
