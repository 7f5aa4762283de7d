"""
Evidence for people: who is suspected first, then each thing that was kept.

It goes by the data as it stands in the store, which an earlier or a later version may have written: what is not there is not shown.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.cli.output import Output, Piece
from watchdog.model.named.handing_over import HEAD

_SURE: Final = {"proven": "bad", "likely": "warn", "possible": ""}
_FRAMES: Final = 6
_MIB: Final = 1024 * 1024


def show_evidence(out: Output, public: Mapping[str, Any], bodies: Mapping[str, Mapping[str, Any]]) -> None:
    """What is kept of one process."""
    what = "run" if "output" in bodies else "process"
    out.line((f"incident {public['incident']}", "strong"), f": {public['target']}, {what} {public['process']}, {public['taken']}")
    for one in public["suspects"]:
        out.line("  ", (f"suspected ({one['certainty']})", _SURE.get(one["certainty"], "")), f": {one['class']} {one['jid']}: {one['why']}")
    if public["note"]:
        out.line("  ", public["note"])
    for piece in public["pieces"]:
        why = f": {piece['why']}" if piece["why"] else ""
        out.line("  ", (f"{piece['kind'].replace('_', ' ')} {piece['came']}", "" if piece["came"] == "kept" else "warn"), why)
    for kind, show in _KINDS.items():
        if body := bodies.get(kind):
            show(out, body)


def _redis(out: Output, body: Mapping[str, Any]) -> None:
    _heading(out, "redis", beat="none" if body.get("beat_at") is None else "there", quiet=body.get("quiet"), threads=body.get("threads"))
    jobs = body.get("jobs") or ()
    if jobs:
        headings = ("TID", "CLASS", "JID", "QUEUE", "RUNNING FOR")
        out.table(headings, [(job["tid"], job["job_class"], job["jid"], job["queue"], f"{job['ran'] // 1000} s") for job in jobs])


def _log(out: Output, body: Mapping[str, Any]) -> None:
    _heading(out, "log", begun=len(body.get("begun") or ()), proven="yes" if body.get("whole") else "no")
    if begun := body.get("begun") or ():
        out.table(("TID", "CLASS", "JID", "CERTAINTY"), [(job["tid"], job["job_class"], job["jid"], job["certainty"]) for job in begun])
    for line in body.get("lines") or ():
        out.line("  ", line)


def _proc(out: Output, body: Mapping[str, Any]) -> None:
    _heading(
        out, "proc", state=body.get("state"), cores=body.get("used"), memory=_mib(body.get("memory")), peak=_mib(body.get("peak")),
        swap=_mib(body.get("swap")), group=_mib(body.get("group_memory")), limit=_mib(body.get("group_limit")), files=body.get("files"),
    )  # fmt: skip
    threads = sorted(body.get("threads") or (), key=lambda thread: (-(thread["used"] or 0), thread["id"]))
    rows: list[tuple[Piece, ...]] = [
        (str(one["id"]), one["name"], one["kind"], one["state"], "" if one["used"] is None else f"{one['used']:.0%}") for one in threads
    ]
    if rows:
        out.table(("THREAD", "NAME", "KIND", "STATE", "OF A CORE"), rows)
    for child in body.get("children") or ():
        out.line("  ", f"child {child['pid']} {child['name']} {'runs' if child['ran'] else 'did not run'}")


def _dumps(out: Output, body: Mapping[str, Any]) -> None:
    dumps = body.get("dumps") or ()
    for number, dump in enumerate(dumps, start=1):
        _heading(out, f"thread dump {number} of {len(dumps)}", threads=len(dump["threads"]), whole="yes" if dump["whole"] else "no")
        for thread in dump["threads"]:
            out.line("  ", (thread["tid"], "strong"), f" {thread['name']}")
            for frame in thread["frames"][:_FRAMES]:
                out.line("    ", (frame, "dim"))
            if len(thread["frames"]) > _FRAMES:
                out.line("    ", (f"and {len(thread['frames']) - _FRAMES} more", "dim"))


def _said(out: Output, body: Mapping[str, Any]) -> None:
    how = body.get("refused") or ("ended by force" if body.get("cut") else "")
    _heading(out, "output", command=body.get("command"), status=body.get("status"), bytes=body.get("size"), note=how)
    head, tail = str(body.get("head", "")), str(body.get("tail", ""))
    for line in head.splitlines():
        out.line("  ", line)
    if tail and int(body.get("size") or 0) > 2 * HEAD:
        out.line("  ", ("…", "dim"))
    for line in tail.splitlines():
        out.line("  ", line)


_KINDS: Final = {"redis": _redis, "log": _log, "proc": _proc, "thread_dump": _dumps, "output": _said}


def _heading(out: Output, name: str, **facts: Any) -> None:
    said = ", ".join(f"{fact} {value}" for fact, value in facts.items() if value not in (None, ""))
    out.line("")
    out.line((name, "strong"), f": {said}")


def _mib(size: Any) -> str:
    return f"{size / _MIB:.0f} MiB" if size else ""
