"""Fields of `setting`: one value of the application's settings that the config expects (`settings:`). What it holds is told to nobody."""

from functools import partial
from typing import Final

from watchdog.model.fields.spec import Clock, FieldSpec, field
from watchdog.model.kinds import Kind, Source, Type

_field = partial(field, Kind.SETTING, source=Source.SETTINGS)

FIELDS: Final[tuple[FieldSpec, ...]] = (
    _field("name", Type.STRING, "Its name in the config.", 'setting.name == "concurrency"'),
    _field("file", Type.STRING, "The file in which it is looked for, as the config names it.", 'setting.file == ".env.production"'),
    _field("key", Type.STRING, "Its key in that file.", 'setting.key == "SIDEKIQ_CONCURRENCY"'),
    _field("present", Type.BOOL, "The file has such a key.", "not setting.present"),
    _field(
        "as_expected", Type.BOOL, "It holds what the config expects; where that says nothing, whatever it holds.", "not setting.as_expected"
    ),
    _field(
        "changed_age",
        Type.DURATION,
        "How long ago that file was last written.",
        "setting.changed_age < 1h",
        attr="changed_at",
        clock=Clock.ENGINE,
    ),
)
