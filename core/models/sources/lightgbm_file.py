"""LightGBM models saved as text: every index is checked by us, then the library reads them in the limited process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.models.extras import required
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.models import ModelFacts
from core.types.runs import TrainingSpec

from .shares import Shares, shares_of
from .source import ModelSource, of_one_file
from .table_rows import as_logits, columns_for, numbers_of
from .tree_checks import check_features, check_tree
from .xgboost_file import XGBOOST

_MOST = 2**30  # bytes of a file; larger ensembles are none that a person trains on a table
_OBJECTIVES = ("binary", "multiclass", "multiclassova", "cross_entropy")


def sniff(model: str) -> bool:
    """A text file that begins with the word tree."""
    path = Path(model).expanduser()
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(5) in (b"tree\n", b"tree\r")


class _File:
    """Header, blocks of trees and the categories of a model, as text."""

    def __init__(self, path: Path):
        if path.stat().st_size > _MOST:
            raise ModelError(f"{path.name} has more than 1 GB.", "Give a smaller model.")
        self.name, text = path.name, path.read_text(encoding="utf-8", errors="replace")
        body = text.partition("end of trees")[0]
        head, *blocks = re.split(r"\n(?=Tree=\d+\r?\n)", body)
        self.head, self.trees = _pairs(head), [_pairs(block) for block in blocks]
        kept = re.search(r"^pandas_categorical:(.*)$", text, re.M)
        self.categories = json.loads(kept[1]) if kept and kept[1].strip() != "null" else []
        self.features = int(self.head["max_feature_idx"]) + 1
        self.names = self.head.get("feature_names", "").split()
        self.infos = self.head.get("feature_infos", "").split()


def _pairs(block: str) -> dict[str, str]:
    return {key: value.strip() for key, _, value in (line.partition("=") for line in block.splitlines()) if key}


def _whole(tree: Mapping[str, str], key: str) -> list[int]:
    return [int(word) for word in tree.get(key, "").split()]


def read_checked(path: Path) -> _File:
    """The file with every tree closed. Raises `ModelError` for anything else."""
    try:
        file = _File(path)
        _check(file)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        first = f"{type(error).__name__}: {str(error)[:80]}"
        raise ModelError(f"{path.name} is no LightGBM model: {first}.", "Save it with save_model('m.txt').") from None
    return file


def _check(file: _File) -> None:
    objective = (file.head.get("objective") or "none").split()[0]
    if objective not in _OBJECTIVES:
        raise ModelError(f"{file.name} has the objective {objective}, which gives no class.", "Give a classifier.")
    if not file.trees or len(file.names) != file.features or len(file.infos) != file.features:
        raise ModelError(f"{file.name} has no trees, or names other columns than it counts.", "Save it again.")
    classes, each = int(file.head["num_class"]), int(file.head["num_tree_per_iteration"])
    if not 1 <= each <= 2**16 or not 1 <= classes <= 2**16 or len(file.trees) % each:
        raise ModelError(f"{file.name} has {len(file.trees)} trees in rounds of {each}.", "Save the model again.")
    for number, tree in enumerate(file.trees):
        _check_one(f"{file.name}: tree {number}", tree, file.features)


def _check_one(where: str, tree: Mapping[str, str], features: int) -> None:
    leaves, nodes = int(tree["num_leaves"]), int(tree["num_leaves"]) - 1
    if tree.get("is_linear", "0").strip() not in ("", "0"):
        raise ModelError(f"{where} has linear leaves, which are not read.", "Train without linear_tree.")
    check_tree(where, _whole(tree, "left_child"), _whole(tree, "right_child"), nodes, leaves_apart=True)
    check_features(where, _whole(tree, "split_feature"), features)
    lengths = {key: len(tree.get(key, "").split()) for key in ("split_feature", "threshold", "decision_type")}
    if any(count != nodes for count in lengths.values()) or len(tree["leaf_value"].split()) != leaves:
        raise ModelError(f"{where} does not close: lists of other lengths. It was not loaded.", "Save the model again.")
    _check_categories(where, tree)


def _check_categories(where: str, tree: Mapping[str, str]) -> None:
    count = int(tree.get("num_cat", "0"))
    ends, words = _whole(tree, "cat_boundaries"), tree.get("cat_threshold", "").split()
    kinds, thresholds = _whole(tree, "decision_type"), tree.get("threshold", "").split()
    split = [int(float(t)) for kind, t in zip(kinds, thresholds, strict=True) if kind & 1]
    closed = not count or (len(ends) == count + 1 and (ends[0], ends[-1]) == (0, len(words)) and ends == sorted(ends))
    if not closed or any(not 0 <= number < count for number in split):
        raise ModelError(f"{where} does not close: sets of categories. It was not loaded.", "Save the model again.")


def _categorical(file: _File) -> Iterator[str]:
    """Names of the columns whose values are sets of codes, not ranges."""
    return (name for name, info in zip(file.names, file.infos, strict=True) if info != "none" and info[:1] != "[")


def describe(training: TrainingSpec) -> ModelFacts:
    """What its text says. Raises `ModelError` for what does not close."""
    file = read_checked(Path(training.model))
    return ModelFacts(
        name=training.model,
        source=LIGHTGBM.name,
        what=f"LightGBM classifier, {file.head['objective']}, {len(file.trees):,} trees",
        input=f"a table of {file.features} columns: {', '.join(file.names[:8])}",
        layers=len(file.trees),
        parameters=sum(2 * int(tree["num_leaves"]) - 1 for tree in file.trees),
        class_count=max(2, int(file.head["num_class"])),
        moments=1,
        gives=LIGHTGBM.gives,
        cannot={ability.value: why for ability, why in LIGHTGBM.cannot.items()},
    )


def predict(training: TrainingSpec, examples: ExampleTable) -> dict[str, np.ndarray]:
    """{"logits": [N, C]}, raw scores before softmax. Raises `ModelError`; meant for the process with limits."""
    booster, matrix, _ = _loaded(training, examples)
    return {"logits": as_logits(np.asarray(booster.predict(matrix, raw_score=True), np.float64))}


def shares(training: TrainingSpec, examples: ExampleTable) -> Shares:
    """What each column adds to the raw scores, by the library's exact path-dependent tree SHAP. Raises `ModelError`."""
    booster, matrix, names = _loaded(training, examples)
    scores = np.asarray(booster.predict(matrix, raw_score=True)).reshape(len(matrix), -1)
    apart = np.asarray(booster.predict(matrix, pred_contrib=True)).reshape(*scores.shape, -1)
    return shares_of(apart, scores, names)


def _loaded(training: TrainingSpec, examples: ExampleTable) -> tuple[Any, np.ndarray, tuple[str, ...]]:
    """(the checked booster, these rows as it reads them, names of their columns)."""
    path = Path(training.model)
    file, library = read_checked(path), required("lightgbm", "trees")
    frame = columns_for(examples, file.names, file.features, path.name)
    names = tuple(map(str, frame.columns))
    frame = frame.set_axis(file.names, axis=1)
    words = [name for name in _categorical(file) if not _is_numbers(frame[name])]
    if len(words) > len(file.categories):
        raise ModelError(f"{path.name} keeps no words for {words[0]!r}.", "Train it on pandas columns of categories.")
    matrix = numbers_of(frame, dict(zip(_categorical(file), file.categories, strict=False)), path.name)
    return library.Booster(model_file=str(path)), matrix, names


def _is_numbers(column: object) -> bool:
    return getattr(getattr(column, "dtype", None), "kind", "O") in "fiub"


LIGHTGBM = ModelSource(
    name="lightgbm",
    title="LightGBM text",
    summary="A classifier of trees over a table, saved with save_model as text.",
    sniff=sniff,
    describe=describe,
    check=lambda training: None,
    place=of_one_file,
    predict=predict,
    shares=shares,
    modalities=(Modality.TABLE,),
    gives=XGBOOST.gives,
    cannot=XGBOOST.cannot,
    refuses="trees whose indices do not close, linear leaves, regression and ranking",
    extra="trees",
)
