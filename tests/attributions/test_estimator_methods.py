"""Tree and kernel SHAP against enumeration."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from core.attributions import Explained, ImageParts, TableParts, TextParts, attribution_named, methods_for
from core.types.errors import CurationError, ModelError
from core.types.examples import Modality
from core.types.params import params_from_dict

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))
from shapley import descending_game, exact_shapley, replacing_game  # noqa: E402

NAMES = ("a", "b", "c", "d")
CLASSES = ("no", "yes", "maybe")


def world(classes=3, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(200, 4)).round(2)
    labels = ((rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(int) + (rows[:, 3] > 1)) % classes
    return rows, labels


def explained(model, rows, background=12, parts=None, names=CLASSES):
    parts = parts or TableParts(NAMES, tuple((i,) for i in range(4)))
    return Explained(model, rows[:1], rows[1 : 1 + background], names, 1, parts)


def explain(name, about, **given):
    method = attribution_named(name)
    return method.compute(about, params_from_dict(method.params, given))


TREES = [DecisionTreeClassifier(max_depth=3, random_state=0), RandomForestClassifier(5, max_depth=3, random_state=0)]


@pytest.mark.parametrize("model", TREES, ids=["tree", "forest"])
@pytest.mark.parametrize("target", ["no", "yes", "maybe"])
def test_interventional_tree_shap_equals_enumeration(model, target):
    rows, labels = world()
    about = explained(model.fit(rows, labels), rows)
    got = explain("tree_shap", about, target=target)
    game = replacing_game(lambda x: model.predict_proba(x)[:, CLASSES.index(target)], rows[0], about.background)
    assert np.allclose(got.values, exact_shapley(game, 4), atol=1e-6)  # values are stored in float32
    assert got.base == pytest.approx(game(frozenset()), abs=1e-6)
    assert abs(got.gap) < 1e-6
    assert got.unit == "probability"


def test_path_dependent_tree_shap_equals_enumeration():
    rows, labels = world()
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(rows, labels)
    got = explain("tree_shap", explained(model, rows), target="yes", background="path_dependent")
    tree = model.tree_
    game = descending_game(tree, rows[0], lambda node: tree.value[node][0][1] / tree.value[node][0].sum())
    assert np.allclose(got.values, exact_shapley(game, 4), atol=1e-6)
    assert abs(got.gap) < 1e-6


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=5, max_depth=3),
        GradientBoostingClassifier(n_estimators=5, random_state=0),
    ],
    ids=["hist", "exact"],
)
@pytest.mark.parametrize("target", ["no", "yes"])
def test_boosting_is_explained_in_log_odds_of_either_class(model, target):
    rows, labels = world(classes=2)
    about = explained(model.fit(rows, labels), rows, names=("no", "yes"))
    got = explain("tree_shap", about, target=target)
    sign = 1 if target == "yes" else -1
    game = replacing_game(lambda x: sign * model.decision_function(x), rows[0], about.background)
    assert np.allclose(got.values, exact_shapley(game, 4), atol=1e-5)
    assert got.output == pytest.approx(sign * model.decision_function(rows[:1])[0])
    assert abs(got.gap) < 1e-5
    assert got.unit == "logit"


def test_boosting_of_three_classes_by_paths_and_what_shap_cannot_do_is_said():
    rows, labels = world()
    model = HistGradientBoostingClassifier(max_iter=4, max_depth=3).fit(rows, labels)
    about = explained(model, rows)
    got = explain("tree_shap", about, target="maybe", background="path_dependent")
    assert got.output == pytest.approx(model.decision_function(rows[:1])[0, 2])
    assert abs(got.gap) < 1e-5
    interventional = explain("tree_shap", about, target="maybe")
    game = replacing_game(lambda x: model.decision_function(x)[:, 2], rows[0], about.background)
    assert np.allclose(interventional.values, exact_shapley(game, 4), atol=1e-5)


def test_tree_shap_refuses_what_is_no_tree():
    rows, labels = world()
    with pytest.raises(ModelError, match="cannot read a LogisticRegression"):
        explain("tree_shap", explained(LogisticRegression().fit(rows, labels), rows))


@pytest.mark.parametrize(
    "model", [LogisticRegression(), KNeighborsClassifier(), TREES[0]], ids=["linear", "knn", "tree"]
)
def test_kernel_shap_equals_enumeration_when_all_coalitions_fit(model):
    rows, labels = world()
    about = explained(model.fit(rows, labels), rows)
    got = explain("kernel_shap", about, target="yes")

    def output(x):
        return (model.decision_function(x) if hasattr(model, "decision_function") else model.predict_proba(x))[:, 1]

    game = replacing_game(output, rows[0], about.background)
    assert np.allclose(got.values, exact_shapley(game, 4), atol=1e-6)
    assert abs(got.gap) < 1e-6


def test_kernel_shap_of_a_linear_model_is_weight_times_difference():
    rows, labels = world(classes=2)
    model = LogisticRegression().fit(rows, labels)
    got = explain("kernel_shap", explained(model, rows, names=("no", "yes")), target="yes", samples=8)
    expected = model.coef_[0] * (rows[0] - rows[1:13].mean(0))
    assert np.allclose(got.values, expected, atol=1e-6)
    turned = explain("kernel_shap", explained(model, rows, names=("no", "yes")), target="no")
    assert np.allclose(turned.values, -expected, atol=1e-6)


def test_columns_of_one_category_are_one_player():
    rows, labels = world()
    model = KNeighborsClassifier().fit(rows, labels)
    about = explained(model, rows, parts=TableParts(("a", "bc", "d"), ((0,), (1, 2), (3,))))
    got = explain("kernel_shap", about, target="no")
    inner = replacing_game(lambda x: model.predict_proba(x)[:, 0], rows[0], about.background)
    together = {0: (0,), 1: (1, 2), 2: (3,)}
    expected = exact_shapley(lambda s: inner(frozenset(c for p in s for c in together[p])), 3)
    assert np.allclose(got.values, expected, atol=1e-6)
    assert got.names == ("a", "bc", "d")


def sentence():
    """The text "good not good film": columns good, film and "not good" of a vocabulary of eight."""
    parts = TextParts(("good", "not", "good", "film"), ((0, 2), (3,), (1, 2)), np.array([2, 4, 6]))
    row = np.zeros(8)
    row[[2, 4, 6]] = 0.6, 0.3, 0.5
    return parts, csr_matrix(row[None])


def test_kernel_shap_of_words_hides_terms_with_their_words():
    parts, row = sentence()
    rng = np.random.default_rng(0)
    model = LogisticRegression().fit(csr_matrix(rng.random((60, 8))), rng.integers(0, 3, 60))
    got = explain("kernel_shap", Explained(model, row, row, CLASSES, 0, parts), target="maybe")
    covers = {2: {"good"}, 4: {"film"}, 6: {"not", "good"}}
    words = ["film", "good", "not"]  # players in order of spelling

    def game(subset):
        present = np.zeros(8)
        for column, needed in covers.items():
            if needed <= {words[p] for p in subset}:
                present[column] = row[0, column]
        return model.decision_function(present[None])[0, 2]

    film, good, no = exact_shapley(game, 3)
    assert np.allclose(got.values, [good / 2, no, good / 2, film], atol=1e-6)
    assert got.notes == ("Compared with an empty text.",)


def test_kernel_shap_of_a_text_without_known_words():
    rng = np.random.default_rng(0)
    model = LogisticRegression().fit(csr_matrix(rng.random((60, 8))), rng.integers(0, 3, 60))
    for names in ((), ("xyzzy",)):
        nothing = TextParts(names, (), np.zeros(0, dtype=np.int64))
        got = explain("kernel_shap", Explained(model, csr_matrix((1, 8)), csr_matrix((1, 8)), CLASSES, 0, nothing))
        assert got.values.tolist() == [0.0] * len(names)
        assert abs(got.gap) < 1e-9


def test_kernel_shap_of_pixels_goes_by_blocks_and_adds_up():
    rng = np.random.default_rng(0)
    rows = rng.random((40, 16 * 12))
    model = LogisticRegression().fit(rows, rng.integers(0, 3, 40))
    about = explained(model, rows, parts=ImageParts(16, 12, 1), background=3)
    got = explain("kernel_shap", about, target="no", samples=300)
    each = (model.coef_[0] * (rows[0] - rows[1:4].mean(0))).reshape(16, 12)
    assert abs(got.gap) < 1e-6
    # a linear model: every block's total is the total of its pixels' weight times difference
    assert got.values[:2, :2].sum() == pytest.approx(each[:2, :2].sum(), abs=1e-6)
    assert got.values.sum() == pytest.approx(each.sum(), abs=1e-5)


def test_other_training_changes_the_attribution():
    rows, labels = world()
    shuffled = np.random.default_rng(1).permutation(labels)
    for name, make in (("tree_shap", DecisionTreeClassifier), ("kernel_shap", LogisticRegression)):
        before, after = (
            explain(name, explained(make().fit(rows, y), rows), target="no").values for y in (labels, shuffled)
        )
        assert np.abs(before - after).max() > 0.1 * np.abs(before).max()


def test_who_can_explain_what():
    def names(*asked):
        return [m.name for m in methods_for(*asked)]

    assert names(Modality.IMAGE, True) == ["gradient_shap", "integrated_gradients", "occlusion", "craft"]
    assert "reagent" in names(Modality.TEXT, True)
    assert "craft" not in names(Modality.TEXT, True)
    assert "reagent" not in names(Modality.TEXT, False, "logistic_regression")
    assert names(Modality.TABLE, False, "random_forest") == ["tree_shap", "kernel_shap"]
    assert names(Modality.TEXT, True, "logistic_regression")[-1] == "kernel_shap"
    assert "tree_shap" not in names(Modality.TABLE, True, "logistic_regression")
    assert names(Modality.TRACE, True, "logistic_regression") == []
    with pytest.raises(CurationError, match='Unknown attribution method "lime"'):
        attribution_named("lime")


def test_an_estimator_without_any_output_is_refused():
    rows, labels = world()
    model = LogisticRegression().fit(rows, labels)
    with pytest.raises(ModelError, match="neither decision values nor probabilities"):
        explain("kernel_shap", dataclasses.replace(explained(model, rows), model=object()))


def test_a_class_may_be_called_like_a_wish():
    about = Explained(None, None, None, ("given", "predicted", "class:x"), 1, None)
    outputs = np.array([0.1, 0.2, 0.7])
    assert about.target(outputs, "predicted") == 2
    assert about.target(outputs, "given") == 1
    assert about.target(outputs, "class:given") == 0
    assert about.target(outputs, "class:x") == 2
    with pytest.raises(CurationError, match="no class 'y'"):
        about.target(outputs, "class:y")
