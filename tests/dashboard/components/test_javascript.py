"""The JavaScript as it is sent: parts that share a scope are linted together; nothing is unknown or unused."""

import json
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from map_script import MapScript

from dashboard.components.assets import SHARED, asset
from dashboard.components.map_columns import CODE

ALONE = ("map/mount.js", "map/column.js", "map/hover.js", "map/warm.js", "saved_field.js")
SENT = {**{name: js for name, (js, _) in SHARED.items()}, "map": CODE, **{Path(name).stem: (name,) for name in ALONE}}
RULES = {
    "env": {"browser": True, "es2024": True},
    "categories": {"correctness": "error"},
    "rules": {
        "no-undef": "error",
        "eqeqeq": "error",
        "no-var": "error",
        "prefer-const": "error",
        "no-self-compare": "off",  # v !== v tells NaN without a call, a million times a frame
        "no-unused-expressions": "off",  # `a ? b() : c()` is a statement here
    },
}


def lint(folder: Path) -> str:
    (folder / "rules.json").write_text(json.dumps(RULES))
    oxlint = Path(sysconfig.get_path("scripts")) / "oxlint"
    done = subprocess.run(
        [oxlint, "-c", folder / "rules.json", "-f", "unix", folder], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_what_is_sent_is_clean(tmp_path):
    for name, parts in SENT.items():
        (tmp_path / f"{name}.js").write_text(asset(*parts), encoding="utf-8")
    assert lint(tmp_path) == ""


@pytest.mark.parametrize("fault", ["const unused = 1", "unknown()", "export const same = (a) => a == 1", "let a = {"])
def test_the_linter_sees_what_is_wrong(tmp_path, fault):
    (tmp_path / "bad.js").write_text(fault)
    assert "bad.js" in lint(tmp_path)


def test_every_file_is_sent():
    folder = Path(__file__).parents[3] / "dashboard" / "components" / "assets"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    assert there == {name for parts in SENT.values() for name in parts}


MAKERS = {
    "newRows()": "rows",
    "newDecision()": "decision",
    "newFrame(new Map())": "frame",
    "newRaster()": "raster",
    "newInk()": "ink",
    "newPointer()": "pointer",
    "newLegend()": "legend",
    "newCounting()": "counting",
}
ASSETS = Path(__file__).parents[3] / "dashboard" / "components" / "assets"


def test_no_line_is_longer_than_the_house_allows():
    long = [
        f"{path.name}:{number}"
        for path in (*ASSETS.rglob("*.js"), *ASSETS.rglob("*.css"), *(ASSETS.parents[1] / "assets").glob("*.css"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert long == []


def test_elements_are_made_in_one_place_and_the_address_is_the_servers_to_write():
    """`element` is the one way to make one; the address and what a browser stores belong to dashboard/session."""
    scripts = {path.name: path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.js")}
    assert [name for name, text in scripts.items() if "document.createElement(" in text] == ["element.js"]
    state = re.compile(r"\b(history\.|location\b|localStorage|sessionStorage|document\.cookie)")
    assert [name for name, text in scripts.items() if state.search(text)] == []


def test_the_parts_of_a_map_have_all_their_fields_from_the_start():
    """A part is `rows`, `decision`, ...: what a file of the map writes into one is named where the part is made."""
    script = MapScript()
    assigned = re.compile(r"\b(?:map\.)?(rows|decision|frame|raster|ink|pointer|legend|counting)\.(\w+) (?:\|\|)?= ")
    fields = {part: script.ask(f"Object.keys({maker})") for maker, part in MAKERS.items()}
    for path in (ASSETS / "map").glob("*.js"):
        for part, name in assigned.findall(path.read_text(encoding="utf-8")):
            assert name in fields[part], f"{path.name} adds {name} to {part}"
