"""Names of units that are made from a template of systemd, and of their templates. Pure."""

from typing import Final

SERVICE: Final = ".service"


def template_of(name: str) -> tuple[str, str]:
    """Template and instance; both empty where it is made from none. What stands between the first `@` and the ending is the instance, as written."""
    stem, at, instance = name.removesuffix(SERVICE).partition("@")
    return (f"{stem}@{SERVICE}", instance) if at else ("", "")


def is_template(name: str) -> bool:
    """Whether it is the name of one: `…@.service`."""
    template, instance = template_of(name)
    return name == template and not instance and len(name) > len(f"@{SERVICE}")


def number_of(instance: str) -> int | None:
    """The number that an instance has for a name, None for any other name: written otherwise than numbers are it is somebody's own."""
    return int(instance) if instance.isascii() and instance.isdigit() and len(instance) <= 4 and not instance.startswith("0") else None


def instance_of(template: str, number: int) -> str:
    """The unit that is made from that template under that number."""
    return f"{template.removesuffix(SERVICE)}{number}{SERVICE}"
