"""
Text of strangers inside Markdown: shown as it is, and nothing else.

What is quoted is what CommonMark, GitHub and GitLab obey: markup, HTML, tables, formulas, links that make themselves, and names that are called by their sign. Whoever writes it puts it on a line that has begun, so that what counts only at the beginning
of one counts nowhere.
"""

import re
from typing import Final

from watchdog.lang.harmless import WIDTH, harmless

_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_OBEYED: Final = re.compile(r"([\\`*_\[\]|~$#!])")
_LINKS: Final = re.compile(r"(?<=[A-Za-z0-9])(:)(?=//)|(?i:\bwww(\.))")
_CALLS: Final = "\N{FULLWIDTH COMMERCIAL AT}"


def escaped(text: str, width: int = WIDTH) -> str:
    """The text on one line of at most `width` characters, before they are quoted."""
    line = _OBEYED.sub(r"\\\1", harmless(text, width).translate(_HTML))
    return _LINKS.sub(lambda found: found[0].replace(":", "\\:").replace(".", "\\."), line).replace("@", _CALLS)
