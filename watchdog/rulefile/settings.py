"""
The config file's text → settings, or problems.

Pure: paths stay as they were written, and secrets are still references. `config` reads the files that they
name and hands their contents to `with_secrets`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from watchdog.errors import Problem, Span
from watchdog.lang.text import Text
from watchdog.model.named.reading import PLACE
from watchdog.model.parameters import Allowance
from watchdog.model.verdicts import Mode
from watchdog.rulefile import nodes
from watchdog.rulefile.adjust import Adjustment, read_adjustments
from watchdog.rulefile.alerts import AlertSettings, read_alerts
from watchdog.rulefile.api import SECTION as API
from watchdog.rulefile.api import ApiSettings, read_api
from watchdog.rulefile.application import AppSettings, read_app
from watchdog.rulefile.ask import AskSettings, read_ask
from watchdog.rulefile.checks import SECTION as CHECKS
from watchdog.rulefile.checks import CheckSettings, read_checks
from watchdog.rulefile.digest import DigestSettings, read_digest
from watchdog.rulefile.expected import SECTION as EXPECTED
from watchdog.rulefile.expected import ExpectedSetting, read_expected
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.fleet import FLEET_BUDGET, read_fleet_budget
from watchdog.rulefile.heartbeat import SECTION as HEARTBEAT
from watchdog.rulefile.heartbeat import HeartbeatSettings, heartbeat_with, read_heartbeat
from watchdog.rulefile.keys import Keys, choice_of, items_of, words_of
from watchdog.rulefile.log import LogSettings, read_log_settings
from watchdog.rulefile.mastodon import SECTION as MASTODON
from watchdog.rulefile.mastodon import MastodonSettings, mastodon_with, read_mastodon
from watchdog.rulefile.names import read_names
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.page import SECTION as PAGE
from watchdog.rulefile.page import PageSettings, page_seen_at, page_with, read_page
from watchdog.rulefile.quarantine import QuarantineSettings, read_quarantine
from watchdog.rulefile.read_yaml import read_yaml
from watchdog.rulefile.receivers import ReceiverSettings, read_receivers
from watchdog.rulefile.redis_settings import RedisSettings, read_redis, with_secret
from watchdog.rulefile.routes import NOT_ROUTED, RoutingSettings, read_inhibitions, read_routes
from watchdog.rulefile.secrets import SecretRef
from watchdog.rulefile.shares import KEYS as SHARES
from watchdog.rulefile.shares import read_shares
from watchdog.rulefile.trace import TraceSettings, read_trace
from watchdog.rulefile.unheard import warn_of_unheard, warn_of_unheard_page
from watchdog.rulefile.units import UNITS, read_units
from watchdog.rulefile.values import wrong_with_url


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the config file says.

    `rules` and `state` are paths as written, relative to that file (a path of `rules` may be `pack:NAME`); `host` the name under
    which Sidekiq knows this machine, None for the one that the machine gives itself; `units` patterns of names of units; `commands` the path of the file in which root names commands; `app_redis` the server that the application keeps its own
    data in, where that is another. As long as `secrets` names
    any, the settings that they belong to hold an empty text. `bare_secrets` are the places of those that stand in the file itself.
    """

    mode: Mode
    redis: RedisSettings
    app_redis: RedisSettings | None = None
    rules: tuple[Text, ...]
    state: Text
    receivers: dict[str, ReceiverSettings]
    checks: dict[str, CheckSettings] = {}
    host: str | None = None
    units: tuple[str, ...] = UNITS
    commands: str = PLACE
    app: AppSettings = AppSettings()
    trace: TraceSettings = TraceSettings()
    log: LogSettings = LogSettings()
    quarantine: QuarantineSettings = QuarantineSettings()
    fleet_budget: Allowance = FLEET_BUDGET
    alerts: AlertSettings = AlertSettings()
    heartbeat: HeartbeatSettings | None = None
    api: ApiSettings = ApiSettings()
    page: PageSettings | None = None
    mastodon: MastodonSettings | None = None
    expected: dict[str, ExpectedSetting] = {}
    secrets: tuple[SecretRef, ...] = ()
    bare_secrets: tuple[Span, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """
    As much of a config file as could be read, so that what it names can be looked at although something is wrong with it.

    `settings` is None if anything is wrong; `receivers` (the declared names) is None if they can't be known. `adjust` is what is changed about
    rules, by name; it is checked where the rules are. `commands` is the path of the file that names commands, None where no config says so. `protected` are patterns of targets that no rule touches, `digest` when people are told, `shares` the
    budgets that hold for every rule that has none of its own; `ask` says who answers where a person is asked, `routing` who is told of what, `receiver_places` where each receiver is declared.
    """

    settings: Settings | None = None
    mode: Mode = Mode.DRY_RUN
    rules: tuple[Text, ...] = ()
    commands: str | None = None
    receivers: frozenset[str] | None = None
    adjust: dict[str, Adjustment] = {}
    protected: tuple[str, ...] = ()
    digest: DigestSettings | None = None
    shares: dict[str, Allowance] = {}
    ask: AskSettings = AskSettings()
    routing: RoutingSettings = NOT_ROUTED
    receiver_places: dict[str, Span] = {}
    secrets: tuple[SecretRef, ...] = ()
    bare_secrets: tuple[Span, ...] = ()


_KEYS: Final = Keys(
    "the config",
    required=("redis", "rules", "state"),
    optional=(
        "mode",
        "app_redis",
        "receivers",
        "host",
        "units",
        "commands",
        "app",
        "adjust",
        "trace",
        "log",
        "quarantine",
        "protected",
        "checks",
        "digest",
        *SHARES,
        "ask",
        "fleet_budget",
        "routes",
        "inhibit",
        "alerts",
        HEARTBEAT,
        API,
        PAGE,
        MASTODON,
        EXPECTED,
    ),
)


def read_settings(name: str, text: str) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings of a config file and all that is wrong with it; None if any of that is not a warning. `name` is the file's in messages."""
    draft, problems = draft_settings(name, text)
    return draft.settings, problems


def draft_settings(name: str, text: str) -> tuple[Draft, tuple[Problem, ...]]:
    """As `read_settings`, but with what could be read in any case."""
    root, problems = read_yaml(name, text)
    findings = Findings()
    findings.take(problems)
    draft = Draft() if root is None else _draft(root, findings)
    if findings.errors:
        draft = msgspec.structs.replace(draft, settings=None)
    return draft, findings.in_order()


def with_secrets(settings: Settings, contents: Mapping[tuple[str, ...], str]) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings with each secret in its place (by `SecretRef.setting`), and what is wrong with the contents; never quotes them."""
    findings = Findings()
    redis = {"redis": settings.redis, "app_redis": settings.app_redis}
    receivers = dict(settings.receivers)
    checks = dict(settings.checks)
    heartbeat, page, mastodon = settings.heartbeat, settings.page, settings.mastodon
    for secret in settings.secrets:
        content = contents.get(secret.setting, "")
        match secret.setting:
            case (server, key) if (known := redis.get(server)) is not None:
                redis[server] = with_secret(known, key, secret.text, content, findings)
            case (section, check, key) if section == CHECKS:
                checks[check] = msgspec.structs.replace(checks[check], values={**checks[check].values, key: content})
            case (section, _) if section == HEARTBEAT:
                heartbeat = heartbeat_with(heartbeat, secret.text, content, findings)
            case (section, _) if section == MASTODON:
                mastodon = mastodon_with(mastodon, secret.text, content, findings)
            case (section, *where) if section == PAGE:
                page = page_with(page, tuple(where), secret.text, content, findings)
            case (_, receiver, key):
                old = receivers[receiver]
                receivers[receiver] = ReceiverSettings(old.name, old.type, {**old.values, key: content})
                if key in old.addresses and (wrong := wrong_with_url(content)):
                    findings.add(
                        "E502",
                        secret.text.span(0, len(secret.text.value)),
                        f"'{key}' {wrong}",
                        hint="correct it where the reference points to",
                    )
            case _:
                raise ValueError(f"no setting {secret.setting} can hold a secret")
    return msgspec.structs.replace(
        settings, **redis, receivers=receivers, checks=checks, heartbeat=heartbeat, page=page, mastodon=mastodon, secrets=()
    ), findings.in_order()


def _draft(root: Node, findings: Findings) -> Draft:
    values = _KEYS.read(root, findings)
    if values is None:
        return Draft()
    secrets: list[SecretRef] = []
    bare: list[Span] = []
    mode = choice_of(values["mode"], "'mode'", [mode.value for mode in Mode], findings) if "mode" in values else Mode.DRY_RUN
    redis = read_redis("redis", values["redis"], secrets, bare, findings) if "redis" in values else None
    app_redis = read_redis("app_redis", values["app_redis"], secrets, bare, findings) if "app_redis" in values else None
    rules = _paths(values["rules"], findings) if "rules" in values else ()
    state = words_of(values["state"], "'state'", findings) if "state" in values else None
    commands = words_of(values["commands"], "'commands'", findings) if "commands" in values else None
    host = words_of(values["host"], "'host'", findings) if "host" in values else None
    units = read_units(values["units"], findings) if "units" in values else UNITS
    receivers = read_receivers(values["receivers"], secrets, bare, findings) if "receivers" in values else {}
    trace = read_trace(values["trace"], findings) if "trace" in values else TraceSettings()
    log = read_log_settings(values["log"], findings) if "log" in values else LogSettings()
    checks = read_checks(values["checks"], secrets, bare, findings) if "checks" in values else {}
    heartbeat = read_heartbeat(values[HEARTBEAT], secrets, findings) if HEARTBEAT in values else None
    page = read_page(values[PAGE], secrets, bare, findings) if PAGE in values else None
    mastodon = read_mastodon(values[MASTODON], secrets, bare, findings) if MASTODON in values else None
    quarantine = read_quarantine(values["quarantine"], findings) if "quarantine" in values else QuarantineSettings()
    alerts = read_alerts(values["alerts"], findings) if "alerts" in values else AlertSettings()
    settings = None
    if mode is not None and redis is not None and state is not None:
        settings = Settings(
            mode=Mode(mode),
            redis=redis,
            app_redis=app_redis,
            rules=rules,
            state=state,
            receivers=receivers,
            host=host.value if host else None,
            units=units,
            commands=commands.value if commands else PLACE,
            app=read_app(values["app"], findings) if "app" in values else AppSettings(),
            trace=trace,
            log=log,
            quarantine=quarantine,
            checks=checks,
            fleet_budget=read_fleet_budget(values["fleet_budget"], findings) if "fleet_budget" in values else FLEET_BUDGET,
            alerts=alerts,
            heartbeat=heartbeat,
            api=read_api(values[API], findings) if API in values else ApiSettings(),
            page=page_seen_at(page, alerts.page),
            mastodon=mastodon,
            expected=read_expected(values[EXPECTED], findings) if EXPECTED in values else {},
            secrets=tuple(secrets),
            bare_secrets=tuple(bare),
        )
    declared = _declared(root, values)
    ask = read_ask(values["ask"], findings) if "ask" in values else AskSettings()
    if not findings.errors:
        warn_of_unheard(receivers, declared or {}, ask, findings)
        if page is not None:
            warn_of_unheard_page(page, values[PAGE].span, ask, findings)
    return Draft(
        settings=settings,
        mode=Mode(mode) if mode else Mode.DRY_RUN,
        rules=rules,
        commands=commands.value if commands else PLACE,
        receivers=None if declared is None else frozenset(declared),
        receiver_places=declared or {},
        adjust=read_adjustments(values["adjust"], findings) if "adjust" in values else {},
        ask=ask,
        routing=RoutingSettings(
            read_routes(values["routes"], declared, findings) if "routes" in values else (),
            read_inhibitions(values["inhibit"], findings) if "inhibit" in values else (),
        ),
        protected=read_names(values["protected"], "'protected'", findings) if "protected" in values else (),
        digest=read_digest(values["digest"], findings) if "digest" in values else DigestSettings(),
        shares=read_shares(values, findings),
        secrets=tuple(secrets),
        bare_secrets=tuple(bare),
    )


def _declared(root: Node, values: Mapping[str, Node]) -> dict[str, Span] | None:
    """The names under `receivers` with their places, whatever is wrong with their settings."""
    node = values.get("receivers")
    if node is None:
        return {} if isinstance(root, nodes.Mapping) and root.whole else None
    if not isinstance(node, nodes.Mapping) or not node.whole:
        return None
    return {entry.key.text.value: entry.key.span for entry in node.entries}


def _paths(node: Node, findings: Findings) -> tuple[Text, ...]:
    items = items_of(node, "'rules'", findings)
    if items is None:
        return ()
    paths = [words_of(item, "a path under 'rules'", findings) for item in items]
    if not items and isinstance(node, nodes.Sequence) and node.whole:
        findings.add("E123", node.span, "'rules' names no file", hint="for instance [rules.yml] or [pack:mastodon]")
    return tuple(path for path in paths if path is not None)
