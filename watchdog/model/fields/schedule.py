"""Fields of `schedule`: one entry of sidekiq-scheduler."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Type

_field = partial(field, Kind.SCHEDULE)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "The name of the entry.", 'schedule.name == "vacuum_scheduler"'),
    _field("class", Type.STRING, "The class of the jobs that it pushes.", 'schedule.class like "Scheduler::*"', attr="job_class"),
    _field("queue", Type.STRING, "The queue that it pushes to, where the entry names one.", 'schedule.queue == "scheduler"'),
    _field("enabled", Type.BOOL, "It is switched on.", "not schedule.enabled"),
    _field("timing", Type.STRING, "In which way it says when: `cron`, `every`, `at`, `in` or `interval`.", 'schedule.timing == "cron"'),
    _field("text", Type.STRING, "When, in its own words.", 'schedule.text == "0 * * * *"'),
    _field(
        "period",
        Type.DURATION,
        "How far its times are apart: as `every` and `interval` say, or from the last time to the next, or between two pushes.",
        "schedule.period > 1h",
    ),
    _field(
        "served",
        Type.BOOL,
        "A process that beats and is not quiet fetches from its queue, so that it can be pushed.",
        "not schedule.served",
    ),
    _field(
        "late",
        Type.DURATION,
        "How long its next time is over; less than zero before that. Not known where no process has loaded it.",
        "schedule.late > 5m",
        attr="due_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "triggered_age",
        Type.DURATION,
        "How long ago a scheduler last came to it; that says nothing about a push.",
        "schedule.triggered_age > 1h",
        attr="triggered_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "pushed_age",
        Type.DURATION,
        "How long ago it was last pushed; pushes are kept for a day.",
        "schedule.pushed_age > 2 * schedule.period",
        attr="pushed_at",
        clock=Clock.ENGINE,
    ),
    _field(
        "pushes",
        Type.COUNT,
        "How often it was pushed in the period that ended with the last push; more than 1 where several processes count `every` by themselves.",
        "schedule.pushes > 1",
    ),
    _field(
        "overdue",
        Type.BOOL,
        "It is switched on and served, its time is over by more than a minute, and it was not pushed for a period and a minute.",
        "schedule.overdue",
    ),
)
