"""Trees of XGBoost and LightGBM: the library's own margins, and nothing of a file that does not close is loaded."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.attributions import methods_of
from core.attributions.session import Session
from core.cli import main
from core.datasets import load_examples
from core.models.sources import described, source_of
from core.models.sources.lightgbm_file import read_checked as read_lightgbm
from core.models.sources.ubjson import read_ubjson
from core.models.sources.xgboost_file import read_checked as read_xgboost
from core.runs.check.checks import check_modes
from core.runs.execute.execute import execute_run
from core.types.attributions import Edit
from core.types.errors import ModelError
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

ROWS = 120


def _frame() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 3)).round(3), columns=["a", "b", "c"])
    frame["kind"] = rng.choice(["u", "v", "w"], ROWS)
    frame.loc[5, "a"] = np.nan
    return frame, (frame["b"] > 0).astype(int).to_numpy() + (frame["kind"] == "v").to_numpy()


def _train(kind: str, folder: Path, classes: int = 3) -> tuple[Path, np.ndarray]:
    """The saved model, and its margins [N, C or 1] as the library gives them to who trained it."""
    frame, labels = _frame()
    labels = np.minimum(labels, classes - 1)
    frame["kind"] = pd.Categorical(frame["kind"])
    if kind in ("xgboost", "ubj"):
        library = pytest.importorskip("xgboost")
        model = library.XGBClassifier(n_estimators=4, max_depth=3, enable_categorical=True).fit(frame, labels)
        path = folder / ("m.ubj" if kind == "ubj" else "m.json")
        model.save_model(path)
        return path, model.predict(frame, output_margin=True)
    library = pytest.importorskip("lightgbm")
    model = library.LGBMClassifier(n_estimators=4, num_leaves=5, min_child_samples=5, verbose=-1).fit(frame, labels)
    model.booster_.save_model(folder / "m.txt")
    return folder / "m.txt", model.predict(frame, raw_score=True)


def _data(folder: Path, classes: int = 3) -> Path:
    frame, labels = _frame()
    frame.assign(label=[f"class{n}" for n in np.minimum(labels, classes - 1)]).to_csv(folder / "data.csv", index=False)
    return folder / "data.csv"


def test_ubj_says_what_json_says(tmp_path: Path) -> None:
    _train("ubj", tmp_path)
    same = json.loads(_train("xgboost", tmp_path)[0].read_text())
    found = read_ubjson((tmp_path / "m.ubj").read_bytes())
    trees = found["learner"]["gradient_booster"]["model"]["trees"]
    for one, other in zip(trees, same["learner"]["gradient_booster"]["model"]["trees"], strict=True):
        assert one.keys() == other.keys()
        for key in ("left_children", "split_indices", "categories", "parents"):
            assert one[key] == other[key]
        np.testing.assert_allclose(
            one["split_conditions"], other["split_conditions"], rtol=1e-6, atol=1e-40
        )  # float32 in one
    assert _plain(found["learner"]["feature_names"]) == _plain(same["learner"]["feature_names"])


def _plain(value):
    return [str(one) for one in value]


@pytest.mark.parametrize("cut", [0, 1, 9, 300, 2000, -1])
def test_a_cut_ubj_is_refused(cut: int, tmp_path: Path) -> None:
    path, _ = _train("ubj", tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match="no XGBoost model"):
        read_xgboost(path)


@pytest.mark.parametrize(
    "content",
    [
        b"[$l#L\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"[$Z#l\x7f\xff\xff\xff",
        b"[" * 5000,
        b"{L\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_ubj_that_promises_more_than_it_holds(content: bytes) -> None:
    with pytest.raises(ValueError, match="holds|nested|early"):
        read_ubjson(content)


@pytest.mark.parametrize(
    ("kind", "classes"), [("ubj", 3), ("xgboost", 3), ("xgboost", 2), ("lightgbm", 3), ("lightgbm", 2)]
)
def test_a_run_has_the_librarys_margins(kind: str, classes: int, tmp_path: Path) -> None:
    path, margins = _train(kind, tmp_path, classes)
    spec = RunSpec(
        str(_data(tmp_path, classes)), scores=("el2n", "loss"), training=TrainingSpec(model=str(path)), map=False
    )
    run = execute_run(spec, tmp_path / "run", SilentProgress(), clusters=False, reuse=False)
    wide = np.column_stack([np.zeros(ROWS), margins]) if margins.ndim == 1 else margins
    logits = np.load(tmp_path / "run" / "work" / "outputs" / "logits.npy")
    np.testing.assert_allclose(logits, wide, rtol=1e-5, atol=1e-5)
    labels = run.examples.labels
    losses = np.log(np.exp(wide).sum(1)) - wide[np.arange(ROWS), labels]
    np.testing.assert_allclose(run.score("loss").values, losses, rtol=1e-4, atol=1e-4)
    assert described(TrainingSpec(model=str(path))).class_count == classes


def _value_of(trees: list[dict], row: dict, known: set[str], at: int, tree: dict) -> float:
    """What a tree is expected to say of a row of which only some columns are known: shares of the training rows."""
    left, right = tree["left_children"][at], tree["right_children"][at]
    if left == -1:
        return tree["split_conditions"][at]
    name = "abc"[tree["split_indices"][at]]
    if name in known:
        small = np.float32(row[name]) < np.float32(tree["split_conditions"][at])
        return _value_of(trees, row, known, left if small else right, tree)
    cover = tree["sum_hessian"]
    sides = [(cover[child], _value_of(trees, row, known, child, tree)) for child in (left, right)]
    return sum(weight * value for weight, value in sides) / sum(weight for weight, _ in sides)


def test_shares_are_shapley_values_of_the_trees(tmp_path: Path) -> None:
    """The oracle: every order in which three columns can become known, over the nodes of the saved JSON."""
    library = pytest.importorskip("xgboost")
    frame, labels = _frame()
    frame = frame.drop(columns="kind").fillna(0)
    library.XGBClassifier(n_estimators=3, max_depth=3).fit(frame, labels > 0).save_model(tmp_path / "m.json")
    frame.assign(label=labels > 0).to_csv(tmp_path / "data.csv", index=False)
    trees = read_xgboost(tmp_path / "m.json")["gradient_booster"]["model"]["trees"]
    examples = load_examples(tmp_path / "data.csv")
    shares = source_of(str(tmp_path / "m.json")).shares(TrainingSpec(model=str(tmp_path / "m.json")), examples)
    np.testing.assert_allclose(shares.values.sum(2) + shares.base, shares.outputs, atol=1e-5)
    np.testing.assert_allclose(shares.values[:, 0], -shares.values[:, 1])
    for row in (0, 17):
        cells, wanted = frame.iloc[row].to_dict(), dict.fromkeys("abc", 0.0)
        for order in permutations("abc"):
            for place, name in enumerate(order):
                with_it, without = set(order[: place + 1]), set(order[:place])
                for tree in trees:
                    gain = _value_of(trees, cells, with_it, 0, tree) - _value_of(trees, cells, without, 0, tree)
                    wanted[name] += gain / 6
        np.testing.assert_allclose(shares.values[row, 1], list(wanted.values()), atol=1e-5)


@pytest.mark.parametrize("kind", ["ubj", "lightgbm"])
def test_a_run_is_explained_by_its_own_trees(kind: str, tmp_path: Path) -> None:
    path, margins = _train(kind, tmp_path)
    run = _quick_run(_data(tmp_path), path, tmp_path / "run")
    assert [method.name for method in methods_of(run)] == ["own_tree_shap"]
    assert "came with a file" in check_modes(run)["full"]
    session = Session(run.path)
    found = session.explain(7, "own_tree_shap", {"target": "given"})
    assert found.names == ("a", "b", "c", "kind")
    label = int(run.examples.labels[7])
    np.testing.assert_allclose(found.values.sum() + found.base, margins[7, label], atol=1e-5)
    assert [check.light for check in session.check(7, "own_tree_shap", {})] == ["green"]
    cells = {"b": "-2", "kind": "u"}
    asked = session.what_if(7, Edit(cells=cells))
    edited = pd.read_csv(tmp_path / "data.csv").drop(columns="label").iloc[[7]].assign(b=-2.0, kind="u")
    edited.assign(label="class0").to_csv(tmp_path / "one.csv", index=False)
    logits = source_of(str(path)).predict(run.spec.training, load_examples(tmp_path / "one.csv"))["logits"][0]
    np.testing.assert_allclose(asked.after.probabilities, np.exp(logits) / np.exp(logits).sum(), atol=1e-6)
    assert asked.model == "the model that was brought"


def _quick_run(data: Path, model: Path, out: Path):
    spec = RunSpec(str(data), scores=("loss",), training=TrainingSpec(model=str(model)), map=False)
    return execute_run(spec, out, SilentProgress(), clusters=False, reuse=False)


def test_columns_that_are_missing_are_named(tmp_path: Path, capsys) -> None:
    path, _ = _train("xgboost", tmp_path)
    frame = pd.read_csv(_data(tmp_path)).drop(columns="b")
    frame.to_csv(tmp_path / "data.csv", index=False)
    asked = ["run", str(tmp_path / "data.csv"), "--model", str(path), "--scores", "loss", "--quiet"]
    assert main([*asked, "--out", str(tmp_path / "r")]) == 2
    assert "the data lack b." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value"),
    [("left_children", 10**6), ("left_children", 0), ("right_children", -7), ("split_indices", 99), ("parents", [])],
)
def test_xgboost_trees_that_do_not_close(key: str, value, tmp_path: Path) -> None:
    path, _ = _train("xgboost", tmp_path)
    read_xgboost(path)
    plain = json.loads(path.read_text())
    tree = plain["learner"]["gradient_booster"]["model"]["trees"][0]
    if isinstance(value, list):
        tree[key] = value
    else:
        tree[key][0] = value
    path.write_text(json.dumps(plain))
    with pytest.raises(ModelError, match="does not close"):
        read_xgboost(path)


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("left_child", lambda words: ["-2147483648", *words[1:]]),
        ("left_child", lambda words: ["7000000", *words[1:]]),
        ("right_child", lambda words: ["0", *words[1:]]),
        ("split_feature", lambda words: ["-3", *words[1:]]),
        ("threshold", lambda words: words[1:]),
        ("leaf_value", lambda words: words[1:]),
        ("num_leaves", lambda words: ["400"]),
    ],
)
def test_lightgbm_trees_that_do_not_close(line: str, changed, tmp_path: Path, capsys) -> None:
    path, _ = _train("lightgbm", tmp_path)
    read_lightgbm(path)
    lines = path.read_text().split("\n")
    first = next(n for n, one in enumerate(lines) if one.startswith(f"{line}="))
    lines[first] = f"{line}={' '.join(changed(lines[first].partition('=')[2].split()))}"
    path.write_text("\n".join(lines))
    with pytest.raises(ModelError, match="does not close"):
        read_lightgbm(path)
    if line == "left_child":
        assert main(["inspect-model", str(path)]) == 2
        said = capsys.readouterr().err.strip().splitlines()
        assert len(said) == 2
        assert "crashed" not in said[0]
