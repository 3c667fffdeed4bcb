"""The notebook does what it says, cell by cell, in a folder of its own."""

import json
import re
from pathlib import Path

import pandas as pd

NOTEBOOK = Path(__file__).resolve().parents[1] / "sample_data" / "quickstart.ipynb"


def test_the_notebook_runs_and_finds_planted_faults(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "home"))
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    said = re.search(r"(\d+) of (\d+) carry a planted fault; by chance it would be (\d+)", capsys.readouterr().out)
    found, looked_at, by_chance = map(int, said.groups())
    assert found >= 5 * by_chance
    assert looked_at == 60
    kept = pd.read_csv(tmp_path / "curated" / "curated.csv")
    assert 0 < len(kept) < len(names["examples"])


def test_it_is_kept_without_outputs():
    """Outputs would change with every machine."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
