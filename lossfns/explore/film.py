"""Frames that share what does not change.

The frames of an explorer differ in a line and a few digits; axes, ticks and letters stay. Each
frame is an SVG drawing, taken apart into elements. Every different element is kept once, a frame
is a list of their numbers, and the letters' outlines are shared by all. A hundred frames then
take about as much room as two or three bitmaps, are sharp at every zoom, and are changed by
joining strings.
"""

import hashlib
import json
import re
from xml.etree import ElementTree

from .style import INK, KEEP

# Stands for the name of the film until the content, from which the name is made, is known.
NAME = "@film@"
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"


class Film:
    """A sequence of SVG drawings of one size.

    >>> drawing = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    ...            '<g><path d="M %d 0"/></g></svg>')
    >>> film = Film()
    >>> film.add(drawing % 1), film.add(drawing % 2), film.add(drawing % 1)
    (0, 1, 2)
    >>> film.frames
    [[0], [1], [0]]
    >>> film.parts[1]
    '<path d="M 2 0"/>'
    """

    def __init__(self):
        self.frames = []
        self.view_box = None
        self.groups = {}
        self._shared = []
        self._ids = {}
        self._numbers = {}

    @property
    def parts(self):
        return list(self._numbers)

    @property
    def name(self):
        """An id made from the content: the same pictures have the same one in every build."""
        content = json.dumps([self.parts, self.frames, self._shared])
        return "x" + hashlib.sha256(content.encode()).hexdigest()[:10]

    @property
    def shared(self):
        """The elements that the parts refer to: letters, markers, clip paths."""
        return "<defs>" + "".join(self._shared) + "</defs>"

    def add(self, drawing):
        """Append a drawing, given as SVG text; return its number.

        A group whose id starts with `KEEP` is remembered; where it comes again, it may be empty.
        """
        root = ElementTree.fromstring(drawing)
        if self.view_box not in (None, root.get("viewBox")):
            raise ValueError(
                f"all frames must have one size, got {root.get('viewBox')} after {self.view_box}"
            )
        self.view_box = root.get("viewBox")
        self._collect_shared(root)
        self.frames.append(list(self._number(root)))
        return len(self.frames) - 1

    def drawing(self, number):
        """Return the inside of the <svg> element of a frame, its ids not yet `named`."""
        parts = self.parts
        return self.shared + "".join(parts[k] for k in self.frames[number])

    def named(self, text):
        """Fill in the name of the film."""
        return text.replace(NAME, self.name)

    def _number(self, element):
        """Yield the numbers of the parts in the order of painting; no group that only groups."""
        for child in element:
            name = child.get("id", "")
            if child.tag == f"{_SVG}metadata":
                continue
            if child.tag != f"{_SVG}g" or set(child.attrib) - {"id"}:
                yield self._numbers.setdefault(self._text(child), len(self._numbers))
            elif name.startswith(KEEP):
                yield from self.groups.setdefault(name, list(self._number(child)))
            else:
                yield from self._number(child)

    def _collect_shared(self, root):
        """Take what is referred to by id out of the drawing."""
        fresh = {}
        for parent in list(root.iter()):
            for defs in parent.findall(f"{_SVG}defs"):
                for element in defs:
                    original = element.get("id")
                    # matplotlib's <style> would change every line of the page it is put in.
                    if element.tag != f"{_SVG}style" and original not in self._ids:
                        self._ids[original] = f"{NAME}-{len(self._ids)}"
                        fresh[original] = element
                parent.remove(defs)
        # Now that all have their new ids, they may refer to each other.
        for original, element in fresh.items():
            self._shared.append(self._text(element, id=self._ids[original]))

    def _text(self, element, **attributes):
        for node in element.iter():
            node.tag = node.tag.removeprefix(_SVG)
            node.tail = None
            node.attrib.pop("id", None)
            if _LINK in node.attrib:
                node.set("href", node.attrib.pop(_LINK))
            if not (node.text or "").strip():
                node.text = None
            for name in {"d", "x", "y"} & set(node.attrib):
                node.set(name, _rounded(node.get(name)))
            # Letters are placed in their own, a hundred times finer, units.
            if node.tag == "use" and "transform" in node.attrib:
                node.set("transform", _rounded(node.get("transform")))
            if "style" in node.attrib:
                style = node.get("style").replace(": ", ":").replace("; ", ";")
                # Text takes the colour of the page's text; a picture file could not know it.
                is_text = node.tag == "g" and style == f"fill:{INK}"
                node.set("style", "fill:currentColor" if is_text else style)
        element.attrib.update(attributes)
        text = ElementTree.tostring(element, encoding="unicode").replace(" />", "/>")
        return re.sub(r'(url\(#|href="#)([^")]+)', self._renamed, text)

    def _renamed(self, match):
        start, original = match.groups()
        return start + self._ids[original]


def _rounded(text):
    """A hundredth of a point is finer than any screen; six digits are matplotlib's habit."""
    text = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), text)
    return " ".join(text.split())
