"""`run` says what is odd about its data: nobody looks at a report card that only another command shows."""

import numpy as np

from core import actions
from core.cli import main


def test_run_says_what_is_odd_about_its_data(tmp_path, capsys):
    rng = np.random.default_rng(0)
    arrays = {"features": rng.normal(size=(24, 3)), "label": np.array(["a", "b", "b "] * 8)}
    np.savez(tmp_path / "a.npz", **arrays, embeddings=rng.normal(size=(24, 2)), pred_probs=np.full((24, 2), 0.5))
    command = ["run", str(tmp_path / "a.npz"), "--out", str(tmp_path / "r"), "--scores", "knn_distance", "--no-map"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert 'not used: "pred_probs" (24, 2)' in out
    assert '"b" (8 rows) and "b " (8 rows)' in out
    assert actions.runs.open_run(tmp_path / "r").card["embedding"]["name"] == "given embeddings"
