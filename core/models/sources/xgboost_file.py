"""XGBoost models saved as JSON or UBJ: indices are checked by us, then read by the library in the limited process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.models.extras import required
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .shares import Shares, shares_of
from .source import ModelSource, of_one_file
from .table_rows import as_logits, columns_for, numbers_of
from .tree_checks import check_features, check_tree
from .ubjson import read_ubjson

_MOST = 2**30  # bytes of a file; larger ensembles are none that a person trains on a table
_START = 4096  # bytes in which a model shows what it is
_MARKS = {".json": b'"learner"', ".ubj": b"learner"}
_CLASSIFIERS = ("binary:logistic", "binary:logitraw", "multi:softprob", "multi:softmax")


def sniff(model: str) -> bool:
    """A .json or .ubj file with the learner of XGBoost."""
    path = Path(model).expanduser()
    if path.suffix not in _MARKS or not path.is_file():
        return False
    with open(path, "rb") as file:
        return _MARKS[path.suffix] in file.read(_START)


def read_checked(path: Path) -> dict[str, Any]:
    """The model as values of JSON, each tree closed. Raises `ModelError` for anything else."""
    if path.stat().st_size > _MOST:
        raise ModelError(f"{path.name} has more than 1 GB.", "Give a smaller model.")
    try:
        learner = _plain(path)["learner"]
        _check(path.name, learner)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        first = f"{type(error).__name__}: {str(error)[:80]}"
        raise ModelError(f"{path.name} is no XGBoost model: {first}.", "Save it with save_model('m.json').") from None
    checked: dict[str, Any] = learner
    return checked


def _plain(path: Path) -> Any:
    return read_ubjson(path.read_bytes()) if path.suffix == ".ubj" else json.loads(path.read_text(encoding="utf-8"))


def _check(name: str, learner: Mapping[str, Any]) -> None:
    objective, booster = learner["objective"]["name"], learner["gradient_booster"]
    if objective not in _CLASSIFIERS:
        raise ModelError(f"{name} has the objective {objective}, which gives no class.", "Give a classifier.")
    if booster["name"] != "gbtree":
        raise ModelError(f"{name} has the booster {booster['name']}.", "Trees alone are read: gbtree.")
    features = int(learner["learner_model_param"]["num_feature"])
    model = booster["model"]
    groups = max(1, int(learner["learner_model_param"]["num_class"]))
    check_features(f"{name}: tree_info", model["tree_info"], groups)
    if len(model["tree_info"]) != len(model["trees"]):
        raise ModelError(f"{name} has {len(model['trees'])} trees, and says of others.", "Save the model again.")
    for number, tree in enumerate(model["trees"]):
        where, nodes = f"{name}: tree {number}", int(tree["tree_param"]["num_nodes"])
        check_tree(where, tree["left_children"], tree["right_children"], nodes, leaves_apart=False)
        check_features(where, tree["split_indices"], max(features, 1))
        _check_categories(where, tree, nodes)


def _check_categories(where: str, tree: Mapping[str, Any], nodes: int) -> None:
    lengths = {len(tree[key]) for key in ("split_indices", "split_conditions", "default_left", "parents")}
    starts, sizes = tree.get("categories_segments", []), tree.get("categories_sizes", [])
    places, most = tree.get("categories_nodes", []), len(tree.get("categories", []))
    closed = lengths == {nodes} and len(starts) == len(sizes) == len(places)
    closed = closed and all(0 <= place < nodes for place in places)
    if not closed or not _inside(starts, sizes, most):
        raise ModelError(f"{where} does not close: lists of other lengths. It was not loaded.", "Save the model again.")


def _inside(starts: Sequence[int], sizes: Sequence[int], most: int) -> bool:
    """Whether every segment lies in the list of categories."""
    return all(0 <= start <= start + size <= most for start, size in zip(starts, sizes, strict=True))


def _columns(learner: Mapping[str, Any]) -> int:
    return int(learner["learner_model_param"]["num_feature"])


def describe(training: TrainingSpec) -> ModelFacts:
    """What its JSON says. Raises `ModelError` for what does not close."""
    learner = read_checked(Path(training.model))
    trees = learner["gradient_booster"]["model"]["trees"]
    names = learner.get("feature_names") or ()
    classes = max(2, int(learner["learner_model_param"]["num_class"]))
    return ModelFacts(
        name=training.model,
        source=XGBOOST.name,
        what=f"XGBoost classifier, {learner['objective']['name']}, {len(trees):,} trees",
        input=f"a table of {_columns(learner)} columns: {', '.join(names[:8]) or 'unnamed'}",
        layers=len(trees),
        parameters=sum(int(tree["tree_param"]["num_nodes"]) for tree in trees),
        class_count=classes,
        moments=1,
        gives=XGBOOST.gives,
        cannot={ability.value: why for ability, why in XGBOOST.cannot.items()},
    )


def predict(training: TrainingSpec, examples: ExampleTable) -> dict[str, np.ndarray]:
    """{"logits": [N, C]}, margins before softmax. Raises `ModelError`; meant for the process with limits."""
    booster, data, _ = _loaded(training, examples)
    return {"logits": as_logits(np.asarray(booster.predict(data, output_margin=True), np.float64))}


def shares(training: TrainingSpec, examples: ExampleTable) -> Shares:
    """What each column adds to the margins, by the library's exact path-dependent tree SHAP. Raises `ModelError`."""
    booster, data, names = _loaded(training, examples)
    apart = booster.predict(data, pred_contribs=True, strict_shape=True)
    return shares_of(apart, booster.predict(data, output_margin=True, strict_shape=True), names)


def _loaded(training: TrainingSpec, examples: ExampleTable) -> tuple[Any, Any, tuple[str, ...]]:
    """(the checked booster, these rows as it reads them, names of their columns)."""
    path = Path(training.model)
    learner, library = read_checked(path), required("xgboost", "trees")
    count = _columns(learner)
    frame = columns_for(examples, learner.get("feature_names") or (), count, path.name)
    booster = library.Booster()
    booster.load_model(str(path))
    matrix = numbers_of(frame, _categories(learner, list(frame.columns)), path.name)
    kinds = learner.get("feature_types") or None
    data = library.DMatrix(
        matrix, feature_names=learner.get("feature_names") or None, feature_types=kinds, enable_categorical=True
    )
    return booster, data, tuple(map(str, frame.columns))


def _categories(learner: Mapping[str, Any], names: list[str]) -> dict[str, list[Any]]:
    """The words of each categorical column, as the model keeps them; a column of theirs without any is refused."""
    kinds = learner.get("feature_types") or []
    kept = (learner["gradient_booster"]["model"].get("cats") or {}).get("enc") or [{}] * len(kinds)
    found = {name: _words(one) for name, kind, one in zip(names, kinds, kept, strict=False) if kind == "c"}
    bare = [name for name, words in found.items() if not words]
    if bare:
        raise ModelError(f"The model keeps no words for {bare[0]!r}.", "Save it with xgboost 3.1 or newer.")
    return found


def _words(kept: Mapping[str, Any]) -> list[Any]:
    """Of one column: numbers as they are, words cut out of their joined bytes."""
    values, offsets = kept.get("values") or [], kept.get("offsets")
    if not offsets:
        return list(values)
    text = bytes(v & 255 for v in values)
    return [text[a:b].decode("utf-8", "replace") for a, b in zip(offsets, offsets[1:], strict=False)]


XGBOOST = ModelSource(
    name="xgboost",
    title="XGBoost JSON or UBJ",
    summary="A classifier of trees over a table, saved with save_model as .json or .ubj.",
    sniff=sniff,
    describe=describe,
    check=lambda training: None,
    place=of_one_file,
    predict=predict,
    shares=shares,
    modalities=(Modality.TABLE,),
    gives=(Ability.LOGITS, Ability.PROBABILITIES),
    cannot={
        Ability.FEATURES: "trees have no last layer",
        Ability.GRADIENTS: "trees have no gradients",
        Ability.TRAINING: "it is scored as it is; --model gradient_boosting trains trees here",
        Ability.EMBEDDING: "the columns themselves give one, or a file: --embeddings",
    },
    refuses="trees whose indices do not close, regression and ranking, linear boosters",
    extra="trees",
)
