"""`--model module:factory`: with weights, as it is, or trained here; refusals come before the work, and once."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from worlds import write_logits, write_table, write_texts

from core import actions
from core.cli import main

CODE = """
from pathlib import Path
import torch
from torch import nn

def make(dims, classes):
    return nn.Sequential(nn.Linear(dims[0], 6), nn.ReLU(), nn.Linear(6, classes))

def trained(dims, classes):
    network = make(dims, classes)
    network.load_state_dict(torch.load(Path(__file__).with_name("plain.pt"), weights_only=True))
    return network

class Stubborn(nn.Module):
    def __init__(self, dims, classes):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dims[0]))
        self.last = nn.Linear(dims[0], classes)

    def forward(self, x):
        return self.last(x * self.scale if x.sum().item() > -1e9 else x)

def estimator():
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression()

raise_on_import = Path(__file__).with_name("imported").touch()
"""
QUIET = ("--no-map", "--quiet", "--threads", "1")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with data.csv, own_table.py and weights of its network; the command line stands in it."""
    write_table(tmp_path)
    (tmp_path / "own_table.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    names: dict = {"__file__": str(tmp_path / "own_table.py")}
    exec(CODE, names)
    (tmp_path / "imported").unlink()
    torch.manual_seed(3)
    state = names["make"]((6,), 3).state_dict()
    torch.save(state, "plain.pt")
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, "wrapped.pth")
    torch.save({"x.weight": torch.zeros(2, 2)}, "other.pth")
    yield tmp_path
    sys.modules.pop("own_table", None)


def run(*words) -> int:
    return main(["run", "data.csv", "--out", "r", *words, *QUIET])


def test_weights_of_an_own_network_fit_and_are_not_trained_over(here, capsys):
    words = ["--model", "own_table:make", "--weights", "wrapped.pth", "plain.pt", "--scores", "el2n,influence"]
    assert main(["run", "data.csv", "--out", "r", *words, "--no-map", "--threads", "1"]) == 0
    assert "outputs of the network, in order: x, y, z" in capsys.readouterr().out
    found = actions.runs.open_run("r")
    logits = found.array("logits")
    assert logits.shape == (1, 2, 90, 3)
    np.testing.assert_array_equal(logits[0, 0], logits[0, 1])  # the same weights, wrapped and plain
    kept = here / "r" / "model" / "s0-e2.safetensors"
    assert main(["run", "data.csv", "--out", "again", "--model", "own_table:make", "--weights", str(kept),
                 "--scores", "el2n", *QUIET]) == 0  # fmt: skip
    np.testing.assert_array_equal(actions.runs.open_run("again").array("logits")[0, 0], logits[0, 1])


def test_a_factory_that_returns_a_trained_network_is_scored_as_it_is(here, capsys):
    """--epochs 0: one checkpoint, nothing trained, and what that cannot give is said."""
    words = ("--model", "own_table:trained", "--epochs", "0", "--scores", "el2n,vog,label_quality,tracin")
    assert run(*words) == 1
    found = actions.runs.open_run("r")
    assert found.array("logits").shape == (1, 1, 90, 3)
    assert found.card["not_here"] == {"vog": "needs 2 checkpoints of the training: 1 is kept"}
    assert main(["run", "data.csv", "--out", "w", "--model", "own_table:make", "--weights", "plain.pt",
                 "--scores", "el2n", *QUIET]) == 0  # fmt: skip
    np.testing.assert_array_equal(actions.runs.open_run("w").array("logits"), found.array("logits"))
    capsys.readouterr()
    assert main(["check", "r", "--mode", "full", "--quiet"]) == 2
    assert "a check would train over it" in capsys.readouterr().err
    assert main(["selftest", "r", "--flip", "0.2", "--quiet"]) == 2
    assert "el2n: needs a training, and there is nothing to train here" in capsys.readouterr().err
    assert main(["explain", "r", str(actions.scores.score_view(found).ids[0]), "--method", "integrated_gradients"]) == 0
    out = capsys.readouterr().out
    assert "models with random weights" in out
    assert "1.00 ± 0.00" not in out, "the factory's networks are not the ones that learned nothing"


def test_a_factory_alone_is_trained_from_where_it_starts(here):
    assert run("--model", "own_table:trained", "--epochs", "2", "--seeds", "1", "--scores", "el2n") == 0
    logits = actions.runs.open_run("r").array("logits")
    assert logits.shape == (1, 2, 90, 3)
    assert not np.array_equal(logits[0, 0], logits[0, 1])


def test_what_an_own_network_cannot_give_leaves_the_other_scores(here, capsys):
    words = ("--model", "own_table:Stubborn", "--epochs", "2", "--seeds", "1", "--scores", "el2n,grand,grand_last")
    assert run(*words) == 1
    found = actions.runs.open_run("r")
    assert found.score_names == ("el2n", "grand_last")
    assert capsys.readouterr().err.startswith("grand: Gradients of this network cannot be taken")
    assert "cannot be taken one example at a time" in found.failures["grand"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "own_table:make", "--weights", "other.pth"), "other.pth does not fit the model; missing: 0.bias"),
        (("--model", "own_table:make", "--weights", "nowhere.pth"), "No such checkpoint"),
        (("--model", "own_table:make", "--weights", "."), "is a folder"),
        (("--model", "own_table:estimator"), "returned a LogisticRegression"),
        (("--model", "own_table:nothing"), "has no function"),
        (("--model", "own_table:make", "--image-size", "32"), "data are of the kind table"),
        (("--model", "own_table:make", "--image-size", "wide"), "is not a size"),
        (("--model", "own_table:make", "--mean", "124,117,104", "--std", "1"), "divided by 255 first"),
        (("--model", "own_table:make", "--mean", "0.5"), "mean is given without std"),
        (("--model", "own_table:make", "--mean", "0.5", "--std", "0"), "above 0"),
        (("--model", "logistic_regression", "--weights", "plain.pt"), "no network: --weights cannot"),
        (("--model", "logistic_regression", "--mean", "0.5", "--std", "0.5"), "--mean and --std cannot reach it"),
        (("--epochs", "0"), "0 is for module:factory"),
        (("--weights", "plain.pt"), "does not fit the model"),
        (("--image-size", "16"), "data are of the kind table"),
        (("--scores", "knn_distance", "--mean", "0", "--std", "1"), "data are of the kind table"),
    ],
)
def test_what_does_not_fit_is_said_once_before_any_work(words, said, here, capsys):
    assert run(*words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2, lines
    assert said in "\n".join(lines)
    assert not (here / "r").exists()


def test_texts_are_refused_before_the_module_is_imported(here, capsys):
    write_texts(here)
    assert run("--model", "own_table:make") == 2
    assert "Networks of module:factory read images and tables" in capsys.readouterr().err
    assert not (here / "imported").exists()
    assert not (here / "r").exists()


def test_fault_40_given_logits_that_are_not_finite_in_some_rows(tmp_path, capsys):
    """The run goes on, those rows have no value and are counted, a warning says so."""
    path = write_logits(tmp_path)
    arrays = dict(np.load(path))
    arrays["logits"][1, [5, 7]] = [[np.nan], [np.inf]]
    np.savez(path, **arrays)
    assert main(["run", str(path), "--out", str(tmp_path / "r"), "--no-map"]) == 0
    out = capsys.readouterr().out
    assert "warning: The model's outputs are NaN or infinite for 2 of 40 rows" in out
    found = actions.runs.open_run(tmp_path / "r")
    for name in ("el2n", "aum", "entropy", "forgetting"):
        score = found.score(name)
        assert np.flatnonzero(np.isnan(score.values)).tolist() == [5, 7]
        assert score.undefined == {"output of the model is not finite": 2}
    assert found.array("predicted")[[5, 7]].tolist() == [-1, -1]
    assert np.isnan(found.array("curves_p")[..., [5, 7]]).all()
    assert actions.scores.score_view(found).labels.min() >= 0, "their given labels stay"


def test_recorded_outputs_and_a_network_do_not_go_together(here, capsys):
    path = write_logits(here)
    assert main(["run", str(path), "--out", "r", "--weights", "plain.pt", *QUIET]) == 2
    assert "without inputs that a network could read" in capsys.readouterr().err
    assert not (here / "r").exists()


def test_a_reason_that_stops_many_scores_is_said_once(here, capsys):
    assert main(["run", "data.csv", "--out", "r", "--model", "logistic_regression", "--no-map"]) == 0
    out = capsys.readouterr().out
    assert out.count("needs a network: logistic_regression gives probabilities only") == 1
    assert "el2n, el2n_sum, grand" in out
