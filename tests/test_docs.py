"""What the documents name is there, and what is there is in the documents."""

import importlib.util
import re
from pathlib import Path

import pytest

import core
from core.attributions.registry import ATTRIBUTIONS
from core.cli.parser import COMMANDS
from core.export import FORMATS
from core.export.weights import WEIGHTS
from core.models.sources import SOURCES as MODEL_SOURCES
from core.scores import SCORES
from core.selection import STRATEGIES

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "core/README.md", "core/METHODS.md", "CONTRIBUTING.md")
GUIDE = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "core/README.md"))
FILES = [p for folder in ("core", "dashboard", "tests") for p in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_is_in_the_guide(name):
    assert re.search(rf"(core|chaffinch) {name}\b|`{name}`", GUIDE), f"python -m core {name} is in neither README"


@pytest.mark.parametrize("name", core.__all__)
def test_every_public_name_is_in_the_guide(name):
    assert re.search(rf"\b{name}\b", GUIDE), f"core.{name} is in neither README"


@pytest.mark.parametrize(
    "name", [one.name for all_ in (SCORES, STRATEGIES, ATTRIBUTIONS, MODEL_SOURCES, WEIGHTS, FORMATS) for one in all_]
)
def test_every_registered_method_is_in_the_guide(name):
    assert f"`{name}`" in GUIDE, f"{name} is in neither README"


@pytest.mark.parametrize("page", PAGES)
def test_paths_and_modules_that_a_page_names_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = set(re.findall(r"[`(]((?:core|dashboard|tests|sample_data|\.ci)/[\w./-]+?)/?[`)#]", text))
    examples = set(re.findall(r"<!-- example: (\S+) -->", text))
    missing = {p for p in paths - examples if not ((ROOT / p).exists() or (ROOT / page).parent.joinpath(p).exists())}
    assert not missing
    assert not {name for name in _modules_in(text) if not _there(name)}


@pytest.mark.parametrize("folder", ["core", "dashboard"])
def test_modules_that_a_docstring_names_exist(folder):
    """`core.x.y` in any docstring or comment is a module, or a name in one."""
    for path in (p for p in FILES if p.is_relative_to(ROOT / folder)):
        missing = {name for name in _modules_in(path.read_text(encoding="utf-8")) if not _there(name)}
        assert not missing, f"{path.relative_to(ROOT)} names {missing}"


def test_sections_of_methods_that_code_cites_exist():
    titles = set(re.findall(r"^## (.+)$", (ROOT / "core/METHODS.md").read_text(encoding="utf-8"), re.M))
    for path in FILES:
        text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
        for cited in re.findall(r"METHODS: ([A-Z][^.():,;\"]{3,40})", text):
            assert any(cited.startswith(title) for title in titles), f"{path.relative_to(ROOT)}: METHODS: {cited}"
        assert not re.search(r"METHODS \d", text), f"{path.relative_to(ROOT)} cites a number, not a title"


def _modules_in(text: str) -> set[str]:
    return set(re.findall(r"`((?:core|dashboard)(?:\.[a-z_]\w*)+)", text))


def _there(dotted: str) -> bool:
    """A module of that name, or an attribute (of a class in it, at most) of one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        if spec is None:
            continue
        rest = parts[end:]
        return not rest or len(rest) <= 2 and (rest[0] in dir(importlib.import_module(name)))
    return False
