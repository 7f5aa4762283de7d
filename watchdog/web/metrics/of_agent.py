"""The metrics of the agent itself: what it sees, decides and does, what stands in its way, and what it costs."""

from functools import partial
from typing import Final

from watchdog.web.metrics.family import Family, Rest, Type

_gauge = partial(Family, type=Type.GAUGE)
_counter = partial(Family, type=Type.COUNTER)

ITSELF: Final = (
    Family(name="watchdog_build_info", type=Type.INFO, help="The agent: version, Python, host.", labels=("version", "python", "host")),
    _gauge(
        name="watchdog_mode",
        help="1 for the mode that is in force (`observe`, `dry-run`, `ask`, `act`), 0 for the others.",
        labels=("mode",),
    ),
    _gauge(name="watchdog_in_doubt", help="1 where it does nothing before a person has adopted what it remembers."),
    _gauge(name="watchdog_store_failing", help="1 where nothing can be written down, so that nothing is done."),
    _gauge(name="watchdog_reload_refused", help="1 where the files have a mistake, and what is in force is older than they are."),
    _gauge(name="watchdog_fleet_leads", help="1 where this agent leads those of all hosts."),
    _gauge(
        name="watchdog_source_up",
        help="1 where the source can be read (`redis`, `host`, `systemd`, `app_redis`).",
        labels=("source",),
        rest=Rest.NOTHING,
    ),
    _gauge(name="watchdog_source_read_age_seconds", help="How long ago it last told anything new.", labels=("source",), rest=Rest.MOST),
    _gauge(name="watchdog_entities", help="How many things it follows, by kind.", labels=("kind",)),
    _gauge(name="watchdog_broken_data", help="Things in Redis that it can't understand, 200 at most."),
)

RULES: Final = (
    _gauge(name="watchdog_rules", help="How many rules are in force."),
    _gauge(
        name="watchdog_rule_mode",
        help="1 for how far the rule may go now, under the mode and what people have armed.",
        labels=("rule", "mode"),
        rest=Rest.NOTHING,
    ),
    _gauge(
        name="watchdog_rule_alerts",
        help="Alerts of the rule, by `state`: `pending` or `firing`; 0 where there is none.",
        labels=("rule", "state"),
    ),
    _gauge(
        name="watchdog_rule_blind",
        help="1 where the rule rests on a source that can't be read, so that nothing is known of it.",
        labels=("rule",),
    ),
    _gauge(name="watchdog_alerts", help="Alerts of all rules, by severity and state.", labels=("severity", "state")),
    _counter(
        name="watchdog_alert_changes_total", help="Alerts that began to fire, and that were resolved (`change`).", labels=("rule", "change")
    ),
)

ACTIONS: Final = (
    _gauge(
        name="watchdog_requests",
        help="Actions that a rule wants now and that are not begun, by the last answer and the guard that gave it.",
        labels=("decision", "guard"),
    ),
    _gauge(name="watchdog_approvals_open", help="Questions that wait for a person, or that are answered with yes and not used yet."),
    _gauge(
        name="watchdog_incidents_open",
        help="Incidents that are open, by `held`: 1 where one stands half-way and can't go on.",
        labels=("held",),
    ),
    _gauge(name="watchdog_paused", help="1 where a person has said that nothing at all may be done."),
    _gauge(name="watchdog_pauses", help="How many pauses there are, those of single rules and targets included."),
    _gauge(name="watchdog_silences", help="How many silences there are."),
    _gauge(name="watchdog_rules_demoted", help="Rules that only ask, because what they did has not helped."),
    _gauge(name="watchdog_quarantined_jobs", help="Jobs in quarantine."),
    _counter(
        name="watchdog_decisions_total",
        help="Answers of guards and mode to what a rule wanted; one that is given again counts once. `guard` is empty where none stood in the way.",
        labels=("decision", "guard"),
    ),
    _counter(
        name="watchdog_stages_total",
        help="Stages of actions that came to an outcome: `done`, `refused`, `failed`, or `unknown`, where the agent ended before it knew.",
        labels=("action", "stage", "outcome"),
    ),
    _counter(
        name="watchdog_incidents_total",
        help="Incidents that were closed, by what came of them: `verified`, `unverified`, `ended`, `failed`, `abandoned`, `closed` by a person, or `would` in dry-run.",
        labels=("outcome",),
    ),
    _counter(
        name="watchdog_rescued_jobs_total",
        help="What became of the jobs of processes that were recovered: `finished` by themselves, `given_back` by Sidekiq, `put_back` by the agent, `quarantined`, `left` where they were found; "
        "`not_put_back` and `unnamed` are upper bounds of what was lost.",
        labels=("became",),
    ),
    _counter(
        name="watchdog_operator_commands_total", help="What people said, by whether it was `heeded` or `refused`.", labels=("outcome",)
    ),
    _counter(name="watchdog_audit_rows_total", help="Rows written to the audit log, by kind.", labels=("kind",)),
)

TURNS: Final = (
    _counter(name="watchdog_events_total", help="Events that the engine has taken in, by kind.", labels=("event",)),
    _gauge(name="watchdog_events_waiting", help="Events that wait to be taken in."),
    Family(
        name="watchdog_turn_seconds", type=Type.HISTOGRAM, help="How long the engine took for an event; nothing else goes on meanwhile."
    ),
    Family(
        name="watchdog_commit_seconds",
        type=Type.HISTOGRAM,
        help="How long it took until what an event led to was on the disk; only where it led to something.",
    ),
    _counter(name="watchdog_turns_undone_total", help="Turns that could not be written down, and were undone."),
    _gauge(name="watchdog_history_bytes", help="Memory of the histories that rules look back on."),
)

COST: Final = (
    _counter(name="watchdog_redis_commands_total", help="Commands sent to Redis."),
    _counter(name="watchdog_redis_round_trips_total", help="Requests sent to Redis, each with one command or many."),
    _counter(name="watchdog_redis_pushes_total", help="Messages that Redis sent by itself."),
    _counter(name="watchdog_redis_connections_total", help="Connections to Redis that were opened."),
    _counter(name="watchdog_redis_sent_bytes_total", help="Bytes sent to Redis."),
    _counter(name="watchdog_redis_received_bytes_total", help="Bytes received from Redis."),
    _gauge(name="watchdog_redis_core_ratio", help="What Redis spends on the agent, as a share of a core. Estimated."),
    _gauge(name="watchdog_redis_core_limit_ratio", help="How much that may be (`redis: {budget: …}`)."),
    _gauge(
        name="watchdog_redis_backoff_factor",
        help="How many times longer than usual it waits between looks, to stay below that; 1 is as usual.",
    ),
    _gauge(name="watchdog_redis_tracking", help="1 where Redis tells of changes by itself, 0 where it is sampled each second."),
    _counter(name="watchdog_host_looks_seconds_total", help="Processor time that looking at the processes of this host took."),
)

TELLING: Final = (
    _gauge(name="watchdog_outbox_waiting", help="Messages that wait to be told to the receiver.", labels=("receiver",)),
    _gauge(
        name="watchdog_outbox_oldest_age_seconds",
        help="How long the oldest of them has waited; 0 where none waits.",
        labels=("receiver",),
        rest=Rest.MOST,
    ),
    _gauge(
        name="watchdog_outbox_failures",
        help="Attempts in a row that have failed; 0 where the last one succeeded.",
        labels=("receiver",),
        rest=Rest.MOST,
    ),
    _counter(name="watchdog_outbox_delivered_total", help="Messages that it was told.", labels=("receiver",)),
    _counter(name="watchdog_outbox_given_up_total", help="Messages that were given up after days.", labels=("receiver",)),
    _counter(name="watchdog_outbox_left_out_total", help="Messages for which there was no room.", labels=("receiver",)),
    _gauge(
        name="watchdog_receiver_hears",
        help="1 where the agent hears what people answer by the receiver, 0 where it should and does not.",
        labels=("receiver",),
        rest=Rest.NOTHING,
    ),
)

RECORDING: Final = (
    _gauge(name="watchdog_trace_recording", help="1 where all that it sees is recorded."),
    _gauge(name="watchdog_trace_bytes", help="How much there is of that on the disk."),
    _gauge(name="watchdog_trace_segments", help="In how many files."),
    _counter(name="watchdog_trace_gaps_total", help="How often it could not be recorded, since the agent began."),
    _counter(name="watchdog_trace_missed_events_total", help="Events that were not recorded therefore."),
    _gauge(name="watchdog_streams", help="Browsers and programs that follow events at this moment."),
    _counter(name="watchdog_streams_dropped_total", help="Those that were dropped because they read too slowly."),
    _gauge(name="watchdog_scrape_seconds", help="How long it took to gather what stands here; not more often than once a second."),
)

PROCESS: Final = (
    _counter(name="process_cpu_seconds_total", help="Processor time that the agent has used."),
    _gauge(name="process_resident_memory_bytes", help="Its resident memory."),
    _gauge(name="process_open_fds", help="Its open files and connections."),
    _gauge(name="process_max_fds", help="How many of them it may have."),
    _gauge(name="process_start_time_seconds", help="When its process was started, since 1970."),
)

LAST: Final = (
    _gauge(
        name="watchdog_metrics_left_out",
        help="Of metrics with more label sets than are told (200), how many are told under `other`, or not at all.",
        labels=("metric",),
    ),
)

FAMILIES: Final = (*ITSELF, *RULES, *ACTIONS, *TURNS, *COST, *TELLING, *RECORDING, *PROCESS, *LAST)
