"""A replay for people: what the rules said in numbers, the last firings, what differs, and what the trace lacks."""

from collections import Counter
from collections.abc import Mapping, Sequence

from watchdog.cli.output import Output, Piece, count
from watchdog.model.records import AuditRow
from watchdog.replay.account import Account
from watchdog.replay.checking import Checked
from watchdog.replay.differences import Difference, What
from watchdog.replay.report import HAPPENED, Report
from watchdog.replay.watch import Covered
from watchdog.store.moments import rfc3339

_MOST_FIRINGS = 20
_MOST_DIFFERENCES = 50
_MOST_LACKS = 10
_MOST_UNLIKE = 20


def show_report(out: Output, report: Report, remarks: Sequence[str]) -> None:
    """All of it; the last line is the sum."""
    how = "as it was decided" if report.exact else "as these rules would have had it, in dry-run"
    covered = report.covered
    out.line(("replayed  ", "strong"), f"{rfc3339(report.since)} to {rfc3339(report.until)}, {how}")
    out.line("          ", f"{count(covered.events, 'event')}, {_lasting(covered.ms)} seen")
    for remark in remarks:
        out.line(("note      ", "warn"), remark)
    _show_lacks(out, covered)
    _show_rules(out, report.account)
    _show_firings(out, report.account)
    _show_differences(out, report)
    if report.checked is not None:
        _show_checked(out, report.checked, report.unlike)
    out.line((_sum(report.account), "strong"))


def _show_lacks(out: Output, covered: Covered) -> None:
    for lack in covered.missing[:_MOST_LACKS]:
        when = f" (since {rfc3339(lack.since)}" if lack.since else " (since the beginning"
        when += f", until {rfc3339(lack.until)})" if lack.until is not None else ", to the end)"
        out.line(("missing   ", "warn"), f"{lack.file}: {lack.reason}{when}; it counts as time of which nothing is known")
    if (more := covered.holes - min(len(covered.missing), _MOST_LACKS)) > 0:
        out.line(("missing   ", "warn"), f"and {count(more, 'hole')} more")


def _show_rules(out: Output, account: Account) -> None:
    if not account.rules:
        return
    rows: list[list[Piece]] = [
        [
            name, str(of.firings), str(of.deploying) if of.deploying else "", str(of.recoveries) if of.recoveries else "", _counts(of.denied), _counts(of.asked),
        ]
        for name, of in account.rules.items()
    ]  # fmt: skip
    out.table(("rule", "firings", "in a deploy", "recoveries", "denied by", "asked by"), rows)


def _show_firings(out: Output, account: Account) -> None:
    listed = account.firings[-_MOST_FIRINGS:]
    for one in listed:
        lasted = "not resolved" if one.resolved is None else f"for {_lasting(one.resolved - one.fired)}"
        out.line(
            (rfc3339(one.fired), "dim"),
            "  ",
            (one.rule, "strong"),
            f"  {one.entity}  fired, {lasted}",
            (" (somebody deployed)" if one.deploying else "", "warn"),
        )
        for said in account.decisions:
            if (
                said.rule == one.rule
                and one.fired <= said.at
                and (one.resolved is None or said.at <= one.resolved)
                and said.at - one.fired < 60_000
            ):
                by = f" by {said.guard}" if said.guard else ""
                out.line(
                    f"    {rfc3339(said.at)}  {said.action} on {said.target}: {said.decision}{by}",
                    f"  {said.reason}" if said.reason else "",
                )
    total = sum(of.firings for of in account.rules.values())
    if total > len(listed):
        out.line(f"and {count(total - len(listed), 'firing')} before these; --json lists more")


def _show_differences(out: Output, report: Report) -> None:
    compared = report.differences
    if compared is None or report.there is None:
        return
    side = "what really happened" if report.beside == HAPPENED else report.beside
    out.line((f"beside {side}", "strong"), f": {compared.same:,} the same, {count(len(compared.found), 'difference')}")
    for one in compared.found[:_MOST_DIFFERENCES]:
        out.line("  ", (rfc3339(one.at), "dim"), "  ", (_word(one), "warn"), "  ", (one.rule, "strong"), f"  {one.on}", f"  {_told(one)}")
    if (more := len(compared.found) - _MOST_DIFFERENCES) > 0:
        out.line(f"  and {more:,} more; --json has all of them")
    out.line(f"  there: {_sum(report.there)}")


def _show_checked(out: Output, checked: Checked, incidents: Sequence[str]) -> None:
    good = not checked.different and not incidents
    differ = f"{count(checked.different, 'row')} different" if checked.different else "none differs"
    out.line(
        ("checked   ", "strong"), (f"{count(checked.equal, 'row')} of the audit log came out again, {differ}", "good" if good else "bad")
    )
    if checked.uncovered:
        out.line(f"          {count(checked.uncovered, 'row')} more of times that are not covered")
    for one in checked.unlike[:_MOST_UNLIKE]:
        out.line("  replayed  ", _row(one.replayed))
        out.line("  written   ", _row(one.written))
    if incidents:
        out.line(("  incidents that stand otherwise: ", "bad"), ", ".join(incidents[:_MOST_UNLIKE]))


def _sum(account: Account) -> str:
    firings = sum(of.firings for of in account.rules.values())
    recoveries = sum(of.recoveries for of in account.rules.values())
    deploying = sum(of.deploying for of in account.rules.values())
    denied: Counter[str] = Counter()
    for of in account.rules.values():
        denied.update(of.denied)
    word = "recovery" if recoveries == 1 else "recoveries"
    parts = [count(firings, "firing"), f"{recoveries:,} {word}"]
    if deploying:
        parts.append(f"{deploying:,} during your deploy")
    if denied:
        parts.append(f"{sum(denied.values()):,} denied ({_counts(denied)})")
    return ", ".join(parts)


def _word(one: Difference) -> str:
    return one.what.value if one.what not in (What.EARLIER, What.LATER) else f"{_lasting(one.by)} {one.what}"


def _told(one: Difference) -> str:
    if one.of == "firing":
        return "fired"
    return " ".join(part for part in (one.said, f"(there: {one.said_there})" if one.said_there else "") if part)


def _row(row: AuditRow | None) -> str:
    if row is None:
        return "nothing"
    parts = (row.kind, row.rule, row.target or row.entity, row.action, row.stage, row.decision, row.guard, row.outcome, row.reason)
    return " ".join((rfc3339(row.wall), *(part for part in parts if part)))


def _counts(by: Mapping[str, int]) -> str:
    return ", ".join(f"{guard or 'nobody'} {number:,}" for guard, number in sorted(by.items(), key=lambda item: (-item[1], item[0])))


def _lasting(milliseconds: int) -> str:
    from watchdog.lang.display import display
    from watchdog.model.kinds import Type

    return display(milliseconds, Type.DURATION)
