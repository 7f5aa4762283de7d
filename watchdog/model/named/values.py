"""Values of the agent as texts for a command."""


def as_text(value: str | int, *, is_duration: bool = False) -> str:
    """A text as it is, a count in digits, a duration (milliseconds) in whole seconds, those that have begun left out."""
    if isinstance(value, str):
        return value
    return str(value // 1000) if is_duration else str(int(value))
