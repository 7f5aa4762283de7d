"""A page as a browser finds it: its elements, and what is wrong with how they stand in each other."""

from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Element:
    """One element: its name, its attributes, and all the text within."""

    def __init__(self, tag: str, attributes: dict[str, str], parents: tuple["Element", ...]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parents = parents
        self.text = ""

    def within(self, tag: str) -> "Element | None":
        """The nearest of that name that it stands in."""
        return next((one for one in reversed(self.parents) if one.tag == tag), None)


class Page(HTMLParser):
    """`elements` in their order; `texts` what stands between them; `faults` are ends without a beginning, and beginnings without an end."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.faults: list[str] = []
        self.texts: list[str] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{one.tag}> is never closed" for one in self._open]

    @property
    def text(self) -> str:
        """All that can be read."""
        return self.elements[0].text

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Those of that name with these attributes."""
        return [one for one in self.elements if one.tag == tag and attributes.items() <= one.attributes.items()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(one)
        if len({name for name, _ in attrs}) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self._open.append(one)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1].tag == tag:
            self._open.pop()
        else:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        for one in self._open:
            one.text += data
