"""`noise` says what the label quality of a run knows, in words and as JSON; `methods` says costs and needs."""

import json

import numpy as np
import pytest
from worlds import write_table

from core import actions
from core.cli import main
from core.scores import SCORES
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    data, _ = write_table(folder)
    spec = RunSpec(str(data), scores=("label_quality",), training=TrainingSpec(folds=3), map=False, threads=1)
    other = RunSpec(str(data), scores=("knn_distance",), map=False, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(folder / "home"))  # made before the workspace of any one test
        actions.runs.run_here(spec, folder / "run", SilentProgress())
        actions.runs.run_here(other, folder / "other", SilentProgress())
    return folder


def test_the_joint_by_class(runs, capsys):
    assert main(["noise", str(runs / "run"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    joint = np.array(found["confident_joint"])
    run = actions.runs.open_run(runs / "run")
    np.testing.assert_array_equal(joint.sum(axis=1), np.bincount(run.examples.labels))
    assert set(found["noise_by_class"]) == set(run.examples.class_names)
    assert 0 < found["noise_rate"] < 0.5
    assert main(["noise", str(runs / "run")]) == 0
    said = capsys.readouterr().out
    assert f"{found['noise_rate']:.1%} of the labels are estimated wrong by confident learning" in said
    assert "a review of a random sample tells" in said
    assert "given \\ probable" in said
    right = run.score("label_quality").meta["out_of_fold_accuracy"]
    judged = f"which out of fold agrees with {right:.1%} of them"
    assert judged in said
    assert main(["rank", str(runs / "run"), "--score", "label_quality"]) == 0
    assert judged in capsys.readouterr().out
    assert run.score("label_quality").flags.sum() == found["flagged_labels"]


def test_a_run_without_label_quality_says_so(runs, capsys):
    assert main(["noise", str(runs / "other")]) == 2
    assert "label_quality" in capsys.readouterr().err
    assert main(["rank", str(runs / "other"), "--score", "knn_distance"]) == 0
    assert "judged by" not in capsys.readouterr().out


def test_methods_print_cost_and_needs(capsys):
    assert main(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(line for line in lines if "paper" in line)
    assert "needs" in head
    assert "cost" in head
    for method in SCORES:
        (line,) = [one for one in lines if one.split()[0] == method.name]
        assert method.cost in line
        assert ", ".join(method.needs) in line
