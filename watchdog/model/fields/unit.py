"""Fields of `unit`: one service of systemd, as systemd tells it."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field, internal
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.UNIT, source=Source.SYSTEMD)
_internal = partial(internal, Kind.UNIT, source=Source.SYSTEMD)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "Its name, with the ending.", 'unit.name like "mastodon-sidekiq*"'),
    _field("template", Type.STRING, "The template that it is made from; empty where there is none.", 'unit.template == "sidekiq@.service"'),
    _field("instance", Type.STRING, "What stands between `@` and the ending, as systemd writes it; else empty.", 'unit.instance == "push"'),
    _field(
        "load_state",
        Type.STRING,
        "Whether systemd could read it: `loaded`, `masked`, `bad-setting`, `error`, `not-found`; unknown while systemd does not hold it, because nothing needs it.",
        'unit.load_state == "bad-setting"',
    ),
    _field(
        "state",
        Type.STRING,
        "`active`, `reloading`, `inactive`, `failed`, `activating` (the time before systemd starts it again included) or `deactivating`.",
        'unit.state == "failed"',
    ),
    _field(
        "sub_state",
        Type.STRING,
        "The same in more detail: `running`, `auto-restart`, `stop-sigterm` and others.",
        'unit.sub_state == "auto-restart"',
    ),
    _field(
        "since",
        Type.DURATION,
        "For how long it has been in that state.",
        'unit.state == "deactivating" and unit.since > 1m',
        attr="entered_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "failed",
        Type.BOOL,
        "It has failed, and systemd does not start it again by itself.",
        "unit.failed",
    ),
    _field(
        "result",
        Type.STRING,
        "How it ended last, in systemd's words: `success` (also when it was stopped), `exit-code`, `signal`, `core-dump`, `timeout`, `watchdog`, `oom-kill`, "
        "`start-limit-hit`, `resources`; `success` while it runs.",
        'unit.result == "oom-kill"',
    ),
    _field(
        "restarts",
        Type.COUNT,
        "How often systemd has started it again by itself (`Restart=`) since somebody last did.",
        "increase(unit.restarts, 10m) >= 3",
        older=True,
    ),
    _field(
        "restart_policy", Type.STRING, "`Restart=` of the unit: `no`, `always`, `on-failure` and others.", 'unit.restart_policy == "no"'
    ),
    _field(
        "stop_timeout",
        Type.DURATION,
        "`TimeoutStopSec=` of the unit: for how long systemd waits at a stop before it kills; 36,500 days where it waits without end.",
        "unit.stop_timeout < unit.sidekiq_timeout + 5s",
    ),
    _field(
        "sidekiq_timeout",
        Type.DURATION,
        "For how long Sidekiq waits at a stop for its jobs: `-t` of its command line, else `:timeout:` of its configuration file, else 25 s. Unknown where the unit "
        "starts something that is not understood, or the file can't be read.",
        "unit.sidekiq_timeout > 60s",
    ),
    _field("pid", Type.COUNT, "Its main process; 0 where there is none.", "unit.pid == 0"),
    _field(
        "processes",
        Type.COUNT,
        "How many Sidekiq processes that Redis knows of run in it; unknown while Redis can't be read.",
        'unit.state == "active" and unit.processes == 0',
    ),
    _field(
        "exit",
        Type.STRING,
        "How its last main process ended: `exited`, `killed` or `dumped`; empty while it runs.",
        'unit.exit == "killed"',
    ),
    _field("exit_status", Type.COUNT, "The status with which that ended, or the number of the signal.", "unit.exit_status == 9"),
    _field("invocation", Type.STRING, "systemd's id of this run of it; another one each time that it is started.", 'unit.invocation != ""'),
    _field(
        "job",
        Type.STRING,
        "What systemd is about to do with it: `start`, `stop`, `restart` and others; empty where nothing is queued.",
        'unit.job != ""',
    ),
    _field(
        "reload_needed",
        Type.BOOL,
        "Its files are newer than what systemd has read: `systemctl daemon-reload` is wanted. Seen within half a minute.",
        "unit.reload_needed",
    ),
    _field(
        "file_state",
        Type.STRING,
        "`enabled`, `disabled`, `static`, `masked` and others, as `systemctl is-enabled` says; empty where it has no file.",
        'unit.file_state in ["disabled", "masked"]',
    ),
    _internal("running", Type.BOOL, "It is active, or reads its settings anew."),
)
