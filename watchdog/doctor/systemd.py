"""systemd, the units of Sidekiq, and what the agent may do to them."""

from collections.abc import Iterable, Mapping
from typing import Final

from watchdog.doctor.bus import units_of
from watchdog.doctor.exam import Exam, Unit, bus_of
from watchdog.doctor.found import Found, bad, doubtful, fine, listed, passed_over
from watchdog.host.systemd.bus import Bus
from watchdog.host.systemd.failures import SystemdUnavailableError
from watchdog.host.systemd.rights import may_not
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.model.targets import Verb
from watchdog.rulefile.units import UNITS

MORE: Final = 5_000
"""Milliseconds that systemd must wait longer than Sidekiq."""
_NEVER: Final = ("no", "on-success", "on-watchdog")
_POLKIT: Final = "install -m 0644 polkit.rules /etc/polkit-1/rules.d/50-sidekiq-watchdog.rules; units of other names must be added there"


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area; fills in the units."""
    where = bus_of(exam.places)
    if where is None:
        return {"systemd": passed_over("this host was not booted by systemd: no unit can be seen or started")}
    try:
        bus = await Bus.connect(where, lambda _: None)
    except SystemdUnavailableError as failure:
        return {"systemd": unanswered(failure.message)}
    try:
        patterns = exam.settings.units if exam.settings is not None else UNITS
        exam.units = await units_of(bus, patterns, {facts.unit for facts in exam.here.values() if facts.unit})
        refused = {unit.name: await may_not(bus, unit.name) for unit in exam.units[:10] if unit.readings["load_state"] == "loaded"}
    except SystemdUnavailableError as failure:
        return {"systemd": unanswered(failure.message)}
    finally:
        bus.close()
    found = {"systemd": fine("it answers"), "units": units_in(exam.units, patterns, homeless=_homeless(exam))}
    if not exam.units:
        return found
    return found | {
        "units-stop": stop_of(exam.units),
        "units-restart": restart_of(exam.units),
        "units-pool": pool_of(exam.units),
        "units-rights": rights_of(refused, acts=exam.acts),
    }


def unanswered(why: str) -> Found:
    """Nothing can be known of units."""
    return bad(why, "systemctl status dbus; the agent's unit must not hide /run/dbus")


def _homeless(exam: Exam) -> list[int]:
    """Processes of this host that run in no unit."""
    return sorted(facts.pid for facts in exam.here.values() if not facts.unit)


def units_in(units: list[Unit], patterns: Iterable[str], *, homeless: list[int]) -> Found:
    """Whether there are any, and systemd has read them."""
    if not units:
        named = " or ".join(patterns)
        return doubtful(f"no unit is called {named}", "units: [NAME] in the config; systemctl list-units '*sidekiq*'")
    if changed := [unit.name for unit in units if unit.readings["reload_needed"]]:
        return doubtful(f"{listed(changed)} was changed, and systemd has not read it", "systemctl daemon-reload")
    if failed := [unit.name for unit in units if unit.readings["failed"]]:
        return doubtful(f"{listed(failed)} has failed", f"systemctl status {failed[0]}")
    if homeless:
        return doubtful(
            f"{listed([unit.name for unit in units])}; pid {listed(list(map(str, homeless)))} runs in none",
            "run Sidekiq as a service: nothing else starts it again",
        )
    return fine(listed([unit.name for unit in units]))


def stop_of(units: Iterable[Unit]) -> Found:
    """Whether Sidekiq gets the time that it takes."""
    short, unknown = [], []
    for unit in units:
        waits = unit.readings["stop_timeout"]
        if waits is None or unit.sidekiq_timeout is None:
            unknown.append(unit.name)
        elif waits < unit.sidekiq_timeout + MORE:
            short.append((unit, waits))
    if short:
        unit, waits = short[0]
        assert unit.sidekiq_timeout is not None  # or it were unknown
        more = f" (and {len(short) - 1} more)" if len(short) > 1 else ""
        says = f"{unit.name}: systemd waits {_shown(waits)}, Sidekiq {_shown(unit.sidekiq_timeout)}: each stop can lose jobs{more}"
        wanted = -(-(unit.sidekiq_timeout + MORE) // 1000)
        return doubtful(says, f"systemctl edit {unit.name}: [Service], TimeoutStopSec={wanted}")
    if unknown:
        return passed_over(f"how long Sidekiq waits in {listed(unknown)} can't be told from its command line")
    return fine("each has the time that Sidekiq takes for its stop")


def restart_of(units: Iterable[Unit]) -> Found:
    """Whether they come back."""
    dead = [unit for unit in units if unit.readings["restart_policy"] in _NEVER]
    if dead:
        more = f" (and {len(dead) - 1} more)" if len(dead) > 1 else ""
        says = f"{dead[0].name}: Restart={dead[0].readings['restart_policy']}{more}"
        return doubtful(says, f"systemctl edit {dead[0].name}: [Service], Restart=always")
    return fine("systemd starts each of them again")


def pool_of(units: Iterable[Unit]) -> Found:
    """Whether each thread has its connection, where the unit names both."""
    both = [(unit.name, unit.threads, unit.pool) for unit in units if unit.threads is not None and unit.pool is not None]
    if not both:
        return passed_over("no unit names both its threads (-c) and DB_POOL")
    if few := [one for one in both if one[2] < one[1]]:
        name, threads, pool = few[0]
        more = f" (and {len(few) - 1} more)" if len(few) > 1 else ""
        says = f"{name}: {threads} threads share {pool} connections to the database: jobs fail while they wait for one{more}"
        return doubtful(says, f"systemctl edit {name}: [Service], Environment=DB_POOL={threads}")
    return fine(f"{sum(threads for _, threads, _ in both)} threads, with a connection to the database for each")


def rights_of(refused: Mapping[str, list[str]], *, acts: bool) -> Found:
    """What is refused, by unit."""
    if not refused:
        return passed_over("none of them is loaded")
    lacking = {unit: verbs for unit, verbs in refused.items() if verbs}
    if not lacking:
        return fine(f"this user may {', '.join(Verb)} them")
    unit, verbs = next(iter(lacking.items()))
    more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
    says = f"systemd lets this user not: {', '.join(verbs)} {unit}{more}"
    return bad(says, _POLKIT) if acts else doubtful(says, _POLKIT)


def _shown(milliseconds: int) -> str:
    return display(milliseconds, Type.DURATION).replace("s", " s") if milliseconds < 60_000 else display(milliseconds, Type.DURATION)
