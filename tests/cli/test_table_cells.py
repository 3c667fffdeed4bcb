"""The table of a run is opened in spreadsheets: nothing in it may run there."""

import pandas as pd
import pytest

from core import actions
from core.cli import main


@pytest.mark.parametrize("to_file", [True, False])
def test_fault_78_table_neutralises_ids_and_classes(tmp_path, monkeypatch, capsys, to_file):
    frame = pd.DataFrame({"example_id": ["=cmd|' /C calc'!A0", "-5"], "label": ["@SUM(A1)", "b"], "el2n": [-0.25, 1.5]})
    monkeypatch.setattr(actions.runs, "open_run", lambda run: run)
    monkeypatch.setattr(actions.scores, "scores_table", lambda run: frame)
    assert main(["table", "some-run", *(["--csv", str(tmp_path / "out.csv")] if to_file else [])]) == 0
    text = (tmp_path / "out.csv").read_text() if to_file else capsys.readouterr().out
    assert text == "example_id,label,el2n\n'=cmd|' /C calc'!A0,'@SUM(A1),-0.25\n-5,b,1.5\n"
