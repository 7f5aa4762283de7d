"""The settings of the application that the config expects: whether their files can be read, and say so."""

from collections.abc import Mapping
from pathlib import Path

from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed, passed_over
from watchdog.mastodon.expected import SettingsFile
from watchdog.mastodon.settings_source import UnreadableError, mark_of, read_text
from watchdog.rulefile.expected import ExpectedSetting


def expected_of(expected: Mapping[str, ExpectedSetting], folder: Path | None, *, user: str) -> Found:
    """What is found, and never what any of them holds; `folder` is that of the application, None where the config does not name it."""
    if not expected:
        return passed_over("none is named under `settings:`")
    if folder is None and any(not one.file.startswith("/") for one in expected.values()):
        return passed_over("the config does not say where the application lies (`app: {folder: …}`); the agent looks where Sidekiq runs")
    files: dict[Path, SettingsFile] = {}
    wrong = []
    for one in expected.values():
        path = (folder or Path("/")) / one.file
        if path not in files:
            try:
                files[path] = SettingsFile(path.name, None if mark_of(path) is None else read_text(path))
            except UnreadableError as error:
                return bad(f"{path} can't be read: {error}", f"setfacl -m u:{user}:r {path}, and x on its folders")
        if files[path].judge(one.key, one.wanted).as_expected is False:
            wrong.append(one.name)
    if wrong:
        return doubtful(
            f"missing, or not as the config expects: {listed(sorted(wrong))}", "correct the file and restart Sidekiq, or `settings:`"
        )
    return fine(f"{counted(len(expected), 'setting')} of the application as expected")
