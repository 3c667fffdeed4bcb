"""scikit-learn pipelines from .skops: their own probabilities, and nothing of a file that names more is built."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from skops.io import dump

from core.cli import main
from core.datasets import load_examples
from core.models.sources import described
from core.models.sources.skops_file import predict, read_checked, refitted
from core.runs.plan import outputs_in_child
from core.types.errors import ModelError
from core.types.runs import RunSpec, TrainingSpec

ROWS = 90


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 2)).round(3), columns=["a", "b c"])
    frame["kind"] = rng.choice(["u", "v", "w"], ROWS)
    frame.loc[4, "a"], frame.loc[6, "kind"] = np.nan, np.nan
    frame["label"] = np.where(frame["b c"] + 2 * (frame["kind"] == "v") > 0.4, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("skops") / "data.csv"
    _frame().to_csv(path, index=False)
    return path


def _pipeline(last, words=None):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = words or OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(ColumnTransformer([("n", numbers, ["a", "b c"]), ("w", words, ["kind"])]), last)


def _saved(model, folder: Path, fit: bool = True) -> TrainingSpec:
    frame = _frame()
    model = model.fit(frame.drop(columns="label"), frame["label"]) if fit else model
    dump(model, folder / "m.skops")
    return TrainingSpec(model=str(folder / "m.skops"))


@pytest.mark.parametrize("last", [LogisticRegression(), RandomForestClassifier(5, random_state=0)])
def test_probabilities_are_the_pipelines_own(data, tmp_path, last):
    training = _saved(pipeline := _pipeline(last), tmp_path)
    own = pipeline.predict_proba(pd.read_csv(data).drop(columns="label"))
    found = softmax(predict(training, load_examples(data))["logits"], axis=1)
    np.testing.assert_allclose(found, own, atol=1e-7)
    facts = described(training)
    assert facts.classes == ("no", "yes")
    assert "3 columns: a, b c, kind" in facts.input


def test_classes_go_by_name_and_margins_stand_in_for_probabilities(data, tmp_path):
    training = _saved(pipeline := _pipeline(LinearSVC()), tmp_path)
    turned = pd.read_csv(data)
    turned["label"] = turned["label"].map({"yes": "No", "no": "YES"})  # sorted the other way round
    turned.to_csv(tmp_path / "d.csv", index=False)
    examples = load_examples(tmp_path / "d.csv")
    margin = pipeline.decision_function(turned.drop(columns="label"))
    logits = predict(training, examples)["logits"]
    yes = [name.casefold() for name in examples.class_names].index("yes")
    np.testing.assert_allclose(logits[:, yes] - logits[:, 1 - yes], margin, atol=1e-9)


def test_copies_judge_rows_that_they_did_not_see(data, tmp_path):
    boosting = HistGradientBoostingClassifier(max_iter=8, min_samples_leaf=5, random_state=0)
    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    training = _saved(pipeline := _pipeline(boosting, words), tmp_path)
    spec = RunSpec(str(data), scores=("label_quality",), training=training, map=False)
    asked = {"spec": spec.to_json(), "folder": str(tmp_path)}
    assert outputs_in_child._done(asked)["names"] == ["logits", "probabilities"]  # what the child does, done here
    assert outputs_in_child._done(asked | {"spec": {**asked["spec"], "scores": ["el2n"]}})["names"] == ["logits"]
    examples = load_examples(data)
    fold_of = np.arange(ROWS) % 3
    fold_of[:4] = -1
    found = refitted(training, examples, fold_of)
    frame, labels = pd.read_csv(data).drop(columns="label"), examples.labels
    own = [clone(pipeline).fit(frame[m], labels[m]) for m in ((fold_of >= 0) & (fold_of != f) for f in range(3))]
    for row in (0, 7, 50):
        judges = own if fold_of[row] < 0 else [own[fold_of[row]]]
        wanted = np.mean([judge.predict_proba(frame.iloc[[row]])[0] for judge in judges], axis=0)
        np.testing.assert_allclose(found[row], wanted, atol=1e-12)
    np.testing.assert_allclose(np.load(tmp_path / "probabilities.npy").sum(1), 1, atol=1e-6)


def _evil(what: str, folder: Path) -> TrainingSpec:
    """A saved pipeline into which somebody put `what`; where it would be run, it leaves a canary."""
    forest = RandomForestClassifier(3, random_state=0)
    model = _pipeline(KNeighborsClassifier() if what == "KDTree" else forest)
    if what == "a leaf that is far away":
        model = _pipeline(HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=5))
    frame = _frame()
    model.fit(frame.drop(columns="label"), frame["label"])
    if what == "posix.system":
        command = {"command": f"touch {folder / 'canary'}"}
        model.steps.insert(0, ("evil", FunctionTransformer(os.system, kw_args=command)))
    if what == "a child that is far away":
        state = forest.estimators_[1].tree_.__getstate__()
        state["nodes"]["left_child"][0] = 10**6
        forest.estimators_[1].tree_.__setstate__(state)
    if what == "a leaf that is far away":
        model[-1]._predictors[0][0].nodes["left"][0] = 10**6
    if what == "a column that is far away":
        forest.estimators_[1].tree_.feature[0] = 2**30
    if what == "no classifier":
        model = StandardScaler().fit(frame[["a"]])
    return _saved(model, folder, fit=False)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("posix.system", "names posix.system"),
        ("KDTree", "names .*KDTree"),
        ("a child that is far away", "does not close"),
        ("a leaf that is far away", "does not close"),
        ("a column that is far away", "does not close"),
        ("no classifier", "no fitted classifier"),
    ],
)
def test_an_evil_file_is_refused(what, said, tmp_path):
    training = _evil(what, tmp_path)
    with pytest.raises(ModelError, match=said) as refusal:
        read_checked(Path(training.model))
    assert refusal.value.hint
    assert not (tmp_path / "canary").exists()


def test_in_two_lines_before_any_work(data, tmp_path, capsys):
    training = _evil("posix.system", tmp_path)
    assert main(["run", str(data), "--model", training.model, "--quiet", "--out", str(tmp_path / "r")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert "names posix.system. Nothing was run." in said[0]
    assert not (tmp_path / "r").exists()
    assert not (tmp_path / "canary").exists()
