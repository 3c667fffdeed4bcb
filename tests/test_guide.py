"""What core/README.md says about adding a thing is enough: its examples are added to a copy of the tree, and run."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDES = (ROOT / "core/README.md", ROOT / "dashboard/README.md")
PATIENCE = 600  # seconds, only waited for what does not come
COPIED = ("core", "dashboard", "tests")
LINKED = ("sample_data", ".streamlit", "README.md", "pyproject.toml")


@dataclass(frozen=True)
class Change:
    """A new file, or the lines that change in one that is there."""

    path: str
    text: str
    is_patch: bool


def changes() -> list[Change]:
    """Every example of the guides, in their order."""
    blocks = re.findall(
        r"^```(python|diff)\n# ((?:core|dashboard)/\S+)\n(.*?)^```$",
        "\n".join(page.read_text(encoding="utf-8") for page in GUIDES if page.exists()),
        re.M | re.S,
    )
    return [Change(path, text, kind == "diff") for kind, path, text in blocks]


def patched(text: str, patch: str) -> str:
    """The text after the patch, whose hunks are divided by lines of @@ and must each fit at one place."""
    for hunk in patch.split("@@\n"):
        lines = hunk.splitlines()
        assert all(line[:1] in (" ", "+", "-") for line in lines), f"neither kept, added nor removed: {hunk}"
        before = "\n".join(line[1:] for line in lines if line[0] in " -")
        after = "\n".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(f"\n{before}\n") == 1, f"these lines are not there, or more than once:\n{before}"
        text = text.replace(f"\n{before}\n", f"\n{after}\n")
    return text


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the tree in which everything that the guides show was added."""
    folder = tmp_path_factory.mktemp("guide")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, symlinks=True)  # with its bytecode, so little is compiled again
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    for change in changes():
        path = folder / change.path
        assert path.exists() == change.is_patch, f"{change.path}: a new file is python, a change a diff"
        text = patched(path.read_text(encoding="utf-8"), change.text) if change.is_patch else change.text
        path.write_text(text, encoding="utf-8")
    return folder


def run(tree: Path, *command: str) -> str:
    """What the command prints where the copy is the only core; it must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "CHAFFINCH_HOME": str(tree / "home")}
    done = subprocess.run(
        [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def test_the_contracts_run_on_what_was_added(tree):
    """Unasked: no test names it."""
    files = (
        "tests/contracts/test_every_score.py",
        "tests/selection/test_selection_strategies.py",
        "tests/export/test_weights.py",
    )
    said = run(tree, "-m", "pytest", "-q", "-n", "0", "-k", "gini_impurity or systematic or square_root", *files)
    assert int(re.search(r"(\d+) passed", said)[1]) >= 20


def test_the_command_line_and_the_encoder_know_what_was_added(tree):
    """A run of the new score on a file that only the new loader reads; the new model's folds, weights and command."""
    lines = [f"{row % 2} 1:{row % 7} 2:{(row * row) % 5 + 3 * (row % 2)}" for row in range(80)]
    (tree / "data.svm").write_text("\n".join(lines) + "\n")
    said = run(tree, "-c", _USES_ALL)
    assert "gini_impurity" in said
    assert re.search(r"0\s+40", said)
    assert '"second_alarm"' in (tree / "out" / "manifest.json").read_text()


_USES_ALL = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from core.cli import main
from core.models.encoding import fit_encoder, load_encoder
sys.path.insert(0, "tests")
from contracts.world import table

def does(*command):
    assert main(list(command)) == 0, command

short = ("--epochs", "2", "--seeds", "1", "--folds", "3", "--no-map", "--quiet")
does("run", "data.svm", "--scores", "gini_impurity", *short, "--out", "run")
does("run", "data.svm", "--scores", "label_quality", "--model", "extra_trees", *short, "--out", "trees")
does("table", "run")
does("classes", "run")
does("export", "run", "--aggregator", "second_alarm", "--yes", "--out", "out")

inputs = np.random.default_rng(0).integers(0, 2, (12, 3))
examples = replace(table(np.arange(12) % 2), inputs=inputs)
encoder, folder = fit_encoder(examples, np.arange(12)), Path("encoder")
assert encoder.kind == "presence"
folder.mkdir()
encoder.save(folder)
assert np.array_equal(load_encoder(folder).matrix(examples), 2.0 * inputs - 1.0)
"""


@pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed: pip install -e '.[dev]'")
def test_what_was_added_keeps_the_style(tree):
    new = [change.path for change in changes()]
    assert len(new) >= 4
    run(tree, "-m", "ruff", "check", *new)
    run(tree, "-m", "ruff", "format", "--check", *new)
