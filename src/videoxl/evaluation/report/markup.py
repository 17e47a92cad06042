"""HTML in which text is only ever text: what is not markup already is escaped, in contents and in attributes."""

import html
from collections.abc import Iterable

VOID = frozenset(["br", "img", "input", "meta"])


class Markup(str):
    """Text that is HTML; made by `tag` and `raw` only."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. `class_` is class, `data_x` is data-x; an attribute of None is left out, one of True has no value."""
    shown = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        assert not children, f"{name} holds nothing"
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{join(children)}</{name}>")


def join(children: Iterable[object], between: str = "") -> Markup:
    """Children one after the other; text among them is escaped."""
    return Markup(between.join(map(_child, children)))


def raw(text: str) -> Markup:
    """HTML, CSS or script of our own."""
    return Markup(text)


def readable(text: str) -> str:
    """Text that can be written as UTF-8: halves of characters, which JSON may hold, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _child(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return str(child)
    if isinstance(child, (list, tuple)):
        return join(child)
    return html.escape(readable(str(child)), quote=True)


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(readable(str(value)), quote=True)}"'
