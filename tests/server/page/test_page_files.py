"""The page's files as they are: whole, without a build step, and with nothing in them that a strict policy forbids."""

import re
from importlib import resources
from pathlib import Path

import pytest

PAGE = Path(str(resources.files("videoxl.server") / "page"))
SCRIPTS = sorted((PAGE / "js").glob("*.js"))
STYLES = sorted((PAGE / "css").glob("*.css"))
HTML = (PAGE / "index.html").read_text(encoding="utf-8")
HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "page.md"
PARSES_HTML = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "DOMParser",
    "eval(",
    "new Function",
    "srcdoc",
)


def names(path):
    return path.name


@pytest.mark.parametrize("path", SCRIPTS, ids=names)
def test_no_script_parses_html(path):
    """Text becomes text: no script has a way of making HTML of it."""
    assert not [word for word in PARSES_HTML if word in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", SCRIPTS, ids=names)
def test_imports_are_there_and_used(path):
    """What a script imports is exported where it says, and is not imported for nothing."""
    text = path.read_text(encoding="utf-8")
    for wanted, source in re.findall(r'^import \{ ([^}]+) \} from "\./([^"]+)";', text, re.M):
        exported = (PAGE / "js" / source).read_text(encoding="utf-8")
        for name in wanted.split(", "):
            assert re.search(
                rf"^export (class|const|function|async function\*?|function\*) {name}\b", exported, re.M
            ), name
            assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{name} is not used"


def test_every_script_says_what_it_is():
    """The first line of a script is a sentence on what it holds."""
    assert not [path.name for path in SCRIPTS if not path.read_text(encoding="utf-8").startswith("// ")]


def test_every_exported_name_is_used():
    """Nothing is exported for nobody."""
    texts = {path: path.read_text(encoding="utf-8") for path in SCRIPTS}
    for path, text in texts.items():
        for name in re.findall(r"^export (?:class|const|function|async function\*?) (\w+)", text, re.M):
            elsewhere = [other for other, words in texts.items() if other != path and re.search(rf"\b{name}\b", words)]
            assert elsewhere, f"{path.name} exports {name} for nobody"


def test_the_page_has_nothing_inline():
    """No script, style or handler stands in the HTML, and everything it names is there."""
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", HTML)
    assert not re.search(r"<script(?![^>]*\ssrc=)", HTML)
    for address in re.findall(r'(?:href|src)="(/page/[^"]+)"', HTML):
        assert (PAGE / address.removeprefix("/page/")).is_file(), address


def test_ids_are_once_and_what_scripts_ask_for_is_there():
    """Each id is one element's, and labels, descriptions and scripts name ids that exist."""
    ids = re.findall(r'\sid="([^"]+)"', HTML)
    assert len(ids) == len(set(ids))
    named = re.findall(r'(?:for|aria-labelledby|aria-describedby)="([^"]+)"', HTML)
    named += [
        found
        for path in SCRIPTS
        for found in re.findall(r'\bpart\("([\w-]+)"\)', path.read_text(encoding="utf-8"))
        if path.name == "main.js"
    ]
    named += re.findall(r'href="#(icon-[\w-]+)"', HTML)
    assert not set(named) - set(ids)


def test_styles_and_scripts_ask_nobody_else():
    """No file names another host, a font or a picture from elsewhere."""
    for path in (*SCRIPTS, *STYLES):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://(?!example\.org)|@import|url\(", text), path.name


def test_every_colour_has_a_name():
    """Colours are written in the tokens alone, but for what lies over a video or a shadow."""
    for path in STYLES:
        if path.name != "tokens.css":
            plain = re.sub(r"light-dark\([^;]*\)|rgb\([^)]*\)", "", path.read_text(encoding="utf-8"))
            assert not set(re.findall(r"#[0-9a-f]{3,8}\b(?=[;\s,)])", plain)) - {"#000", "#1a1c1f", "#eceae6"}, (
                path.name
            )


def test_every_token_is_used_and_known():
    """A custom property that is named is set, and one that is set is named."""
    styles = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    used = set(re.findall(r"var\((--[\w-]+)", styles))
    known = set(re.findall(r"^\s*(--[\w-]+):", styles, re.M)) | set(re.findall(r'"(--[\w-]+)"', scripts))
    assert used == known


def test_the_howto_names_the_keys_of_the_help():
    """The table of keys in the how-to and the page's own help have the same keys."""
    help_text = re.search(r'<dl class="keys">(.*?)</dl>', HTML, re.DOTALL)[1]
    shown = set(re.findall(r"<kbd>([^<]+)</kbd>", help_text))
    table = HOWTO.read_text(encoding="utf-8").split("| key | does |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([^`]+)`", table)) == shown
