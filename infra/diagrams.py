"""Diagrams of the help centre: `docs/diagrams/NAME.mmd` (Mermaid) drawn to `docs/assets/diagrams/NAME.svg`.

`python -m infra.diagrams` draws anew what has changed. It wants `infra/tools/install.sh node` and a Chromium.
A picture keeps the digest of what it was drawn from, so a test without a browser sees one that was forgotten.
Styles become attributes: the site's policy lets no style sheet inside a picture work when it is opened by itself.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import cssselect2
import tinycss2

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = ROOT / "docs/diagrams"
PICTURES: Final = ROOT / "docs/assets/diagrams"
TOOL: Final = ROOT / ".venv/tools/node/node_modules/.bin/mmdc"
SVG: Final = "{http://www.w3.org/2000/svg}"
MARGIN: Final = 12
FONTS: Final = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
LOOK: Final = {
    "theme": "base",
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False, "wrappingWidth": 320},
    "sequence": {"mirrorActors": False},
    "fontFamily": FONTS,
    "themeVariables": {
        "background": "#ffffff",
        "primaryColor": "#e0f2f1",
        "primaryBorderColor": "#00695c",
        "primaryTextColor": "#1b1b1b",
        "secondaryColor": "#ffffff",
        "tertiaryColor": "#f5f5f5",
        "tertiaryBorderColor": "#757575",
        "lineColor": "#37474f",
        "textColor": "#1b1b1b",
        "edgeLabelBackground": "#ffffff",
        "noteBkgColor": "#fff8e1",
        "noteBorderColor": "#8d6e00",
        "noteTextColor": "#1b1b1b",
    },
}
_SHOWN: Final = {
    *("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "fill-opacity"),
    *(
        "font-family",
        "font-size",
        "font-weight",
        "font-style",
        "text-anchor",
        "dominant-baseline",
        "alignment-baseline",
    ),
}
_NEEDED: Final = re.compile(
    r"id|x|y|x1|x2|y1|y2|dx|dy|r|rx|ry|cx|cy|d|points|width|height|transform|viewBox|marker.*|ref[XY]|orient"
)


class DiagramError(ValueError):
    """A diagram lacks what its readers need, or could not be drawn."""


def said(source: Path) -> tuple[str, str]:
    """Return the title and the description that a diagram's source gives to those who do not see it."""
    text = source.read_text("utf-8")
    found = [re.search(rf"^\s*{name}: (.+)$", text, re.MULTILINE) for name in ("accTitle", "accDescr")]
    if None in found:
        raise DiagramError(f"{source.name} has no accTitle or no accDescr.")
    title, description = (one[1].strip() for one in found if one)
    return title, description


def digest(source: Path) -> str:
    """Return the digest of what a picture is drawn from: its source, and this file with the look."""
    return hashlib.sha256(source.read_bytes() + Path(__file__).read_bytes()).hexdigest()


def drawn(source: Path) -> str:
    """Draw a diagram; returns the SVG."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or not TOOL.exists():
        raise DiagramError("Chromium or mermaid-cli is missing: run infra/proof.sh and infra/tools/install.sh node.")
    with tempfile.TemporaryDirectory() as folder:
        look, browser, picture = (Path(folder) / name for name in ("look.json", "browser.json", "picture.svg"))
        look.write_text(json.dumps(LOOK), "utf-8")
        browser.write_text(json.dumps({"executablePath": chromium, "args": ["--no-sandbox"]}), "utf-8")
        files = ("--input", source, "--output", picture, "--configFile", look, "--puppeteerConfigFile", browser)
        command = [str(TOOL), *map(str, files), "--svgId", source.stem, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise DiagramError(f"{source.name}: {done.stderr[-1000:]}")
        return _finished(ET.fromstring(picture.read_text("utf-8")), source)  # noqa: S314 - mermaid's own output


def _finished(root: ET.Element, source: Path) -> str:
    """Make a picture of Mermaid's output: shown alike everywhere, and named for a screen reader."""
    _style(root)
    _prune(root)
    left, top, width, height = (float(one) for one in root.attrib["viewBox"].split())
    left, top, width, height = left - MARGIN, top - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}"}
    names = {"title": said(source)[0], "desc": said(source)[1]}
    for old in [one for one in root if one.tag in {f"{SVG}title", f"{SVG}desc"}]:
        root.remove(old)
    paper = {"x": f"{left:g}", "y": f"{top:g}", "width": f"{width:g}", "height": f"{height:g}", "rx": "6"}
    root.insert(0, ET.Element(f"{SVG}rect", paper | {"fill": "#ffffff"}))
    for place, (name, text) in enumerate(names.items()):
        element = ET.Element(f"{SVG}{name}", {"id": f"{source.stem}-{name}"})
        element.text = text
        root.insert(place, element)
    root.attrib.clear()
    root.attrib.update(size | {"viewBox": f"{left:g} {top:g} {width:g} {height:g}", "role": "img"})
    root.attrib["aria-labelledby"] = f"{source.stem}-title {source.stem}-desc"
    root.attrib.update({"font-family": FONTS, "font-size": "16", "data-source": digest(source)})
    ET.register_namespace("", SVG.strip("{}"))
    return ET.tostring(root, "unicode") + "\n"


def _style(root: ET.Element) -> None:
    """Write into each element what the style sheet and its own style say of it, and forget both."""
    sheet = cssselect2.Matcher()
    for rule in _rules("".join(one.text or "" for one in root.iter(f"{SVG}style"))):
        for selector in cssselect2.compile_selector_list(rule.prelude):
            sheet.add_selector(selector, _declared(rule.content))
    for place in cssselect2.ElementWrapper.from_xml_root(root).iter_subtree():
        element = place.etree_element
        looks: dict[str, str] = {}
        for match in sorted(sheet.match(place), key=lambda one: one[:2]):
            looks |= match[-1]
        looks |= _declared(element.get("style", ""))
        kept = {name: value for name, value in element.attrib.items() if name in _SHOWN or _NEEDED.fullmatch(name)}
        element.attrib.clear()
        element.attrib.update(kept | looks)
    for above in list(root.iter()):
        for one in [one for one in above if one.tag == f"{SVG}style"]:
            above.remove(one)


def _prune(root: ET.Element) -> None:
    """Drop what Mermaid defines for every picture and this one does not use."""
    used = {
        name for one in root.iter() for value in one.attrib.values() for name in re.findall(r"url\(#(.+?)\)", value)
    }
    for above in list(root.iter()):
        for one in list(above):
            name = one.tag.removeprefix(SVG)
            if name in {"marker", "symbol", "linearGradient", "filter"} and one.get("id") not in used:
                above.remove(one)
    for above in list(root.iter()):
        for one in [one for one in above if one.tag == f"{SVG}defs" and not len(one)]:
            above.remove(one)


def _rules(sheet: str) -> list[tinycss2.ast.QualifiedRule]:
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    return [one for one in rules if one.type == "qualified-rule" and ":root" not in tinycss2.serialize(one.prelude)]


def _declared(content: str | list[tinycss2.ast.Node]) -> dict[str, str]:
    found = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    said = {one.lower_name: tinycss2.serialize(one.value).strip() for one in found if one.type == "declaration"}
    return {name: value for name, value in said.items() if name in _SHOWN}


def main() -> int:
    """Draw what has changed; 1 when something could not be drawn."""
    for source in sorted(SOURCES.glob("*.mmd")):
        picture = PICTURES / f"{source.stem}.svg"
        if picture.exists() and digest(source) in picture.read_text("utf-8"):
            continue
        try:
            picture.write_text(drawn(source), "utf-8")
        except DiagramError as wrong:
            print(wrong, file=sys.stderr)
            return 1
        print(f"{picture.name}: drawn")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
