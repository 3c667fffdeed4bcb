"""dashboard/README.md: its panel works as written, and what it names is there."""

import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from streamlit.testing.v1 import AppTest

import dashboard

FOLDER = Path(dashboard.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_panel_of_the_readme_draws():
    def script(code, opened):
        names = {}
        exec(code, names)  # noqa: S102
        names["split_counts"](opened)

    kept = np.array([True, False, True])
    opened = SimpleNamespace(
        view=SimpleNamespace(splits=np.array(["train", "train", "test"])), outcome=SimpleNamespace(kept=kept)
    )
    code = re.search(r"```python\n(.*?)```", TEXT, re.S).group(1)
    at = AppTest.from_function(script, args=(code, opened)).run()
    assert not at.exception
    assert [text.value for text in at.text] == ["test: 1 of 1 kept", "train: 1 of 2 kept"]


def test_modules_and_files_that_the_readme_names_exist():
    rooms = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    dotted = re.findall(r"`((?:session|components|tables|panels|views)\.(\w+))", TEXT)
    assert dotted
    assert all(find_spec(f"dashboard.{name}") for name, _ in dotted)
    paths = [name for name in re.findall(r"`([\w/]+\.py)`", TEXT) if name.split("/")[0] in rooms]
    assert paths
    assert all((FOLDER / name).is_file() for name in paths)


def test_floors_of_the_readme_are_those_of_the_contract():
    pyproject = (FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r'containers = \["dashboard"\].*?layers = \[(.*?)\]', pyproject, re.S).group(1)
    listed = re.findall(r"^\| `(\w+)(?:/|\.py)`", TEXT, re.M)
    assert [layer.strip(' "').split(" ")[0] for layer in layers.split(",")] == listed
