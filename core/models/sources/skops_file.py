"""scikit-learn classifiers and pipelines saved with skops: every type by name on a list, every tree closed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.models.found import output_order
from core.models.stored import refused_types
from core.types.errors import ModelError
from core.types.examples import ExampleTable, Modality
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .fitted_trees import check_fitted_trees
from .looking import looked_at
from .source import ModelSource, of_one_file
from .table_rows import as_logits, columns_for, numbers_of

_MOST = 2**30  # bytes of a file
_AGAIN = "Save it again with skops.io.dump, or record its probabilities: --probabilities FILE."
# What fitted pipelines hold beyond estimators: arrays' kinds, and how calibration and perceptrons keep their numbers.
_HELD = frozenset(
    (
        "numpy.dtype",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    )
)


def sniff(model: str) -> bool:
    """A file that ends with .skops."""
    path = Path(model).expanduser()
    return path.suffix.lower() == ".skops" and path.is_file()


def check(training: TrainingSpec) -> None:
    """Raise `DataError` in the words of a child process that looked at the names in the file."""
    path = Path(training.model)
    _refuse_large(path)
    looked_at(__name__, path)


def main() -> None:
    """What the child runs."""
    from core.datasets.guarded import answer_with

    answer_with(_done)


def _done(question: dict[str, Any]) -> dict[str, Any]:
    _content_of_known_types(Path(question["path"]))
    return {"known": True}


def _refuse_large(path: Path) -> None:
    if path.stat().st_size > _MOST:
        raise ModelError(f"{path.name} has more than 1 GB.", "Give a smaller model.")


def _content_of_known_types(path: Path) -> tuple[bytes, list[str]]:
    """(bytes of the file, types that it names beyond those of skops), none of them built."""
    from skops.io import get_untrusted_types

    _refuse_large(path)
    content = path.read_bytes()
    with _in_words(path):
        named = get_untrusted_types(data=content)
    unknown = [name for name in refused_types(named) if name not in _HELD]
    if unknown:
        more = f" and {len(unknown) - 4} more" if len(unknown) > 4 else ""
        raise ModelError(f"{path.name} names {', '.join(unknown[:4])[:200]}{more}. Nothing was run.", _UNKNOWN)
    return content, named


_UNKNOWN = "Read are scikit-learn's own estimators; record what others say: --probabilities FILE."


def read_checked(path: Path) -> Any:
    """The fitted classifier. Raises `ModelError` for types that are not on our list, before any is built, for damage,
    for trees that do not close, and for what is no classifier.
    """
    from skops.io import loads

    content, named = _content_of_known_types(path)
    with _in_words(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another version of scikit-learn: what it gives is looked at
        found = loads(content, trusted=named)
    if not hasattr(found, "predict") or not hasattr(found, "classes_") or not hasattr(found, "n_features_in_"):
        raise ModelError(f"{path.name} holds a {type(found).__name__}, no fitted classifier.", _AGAIN)
    check_fitted_trees(path.name, found)
    return found


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Whatever skops or scikit-learn trips over in a stranger's file is one kind of error."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # bytes of a stranger: building and asking them may raise anything
        first = " ".join(str(error).split())[:120]
        raise ModelError(f"{path.name} is not read: {type(error).__name__}: {first}.", _AGAIN) from error


def describe(training: TrainingSpec) -> ModelFacts:
    """What the fitted classifier says of itself. Raises `ModelError`."""
    model = read_checked(Path(training.model))
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]
    steps = [type(step).__name__ for _, step in getattr(model, "steps", [])] or [type(model).__name__]
    gives_probabilities = hasattr(model, "predict_proba")
    return ModelFacts(
        name=training.model,
        source=SKOPS.name,
        what=f"scikit-learn: {', '.join(steps)}",
        input=f"a table of {model.n_features_in_} columns: {', '.join(names[:8]) or 'numbers, in order'}",
        layers=len(steps),
        classes=_words(model),
        class_count=len(model.classes_),
        moments=1,
        gives=SKOPS.gives,
        cannot={ability.value: why for ability, why in SKOPS.cannot.items()},
        notes=(
            "Logarithms of its probabilities are read as logits."
            if gives_probabilities
            else "It gives no probabilities: its decision values are read as logits.",
        ),
    )


def _words(model: Any) -> tuple[str, ...]:
    """Names of its classes; () where it only counts them."""
    classes = np.asarray(model.classes_)
    return () if classes.dtype.kind in "iufb" else tuple(str(name) for name in classes)


def predict(training: TrainingSpec, examples: ExampleTable) -> dict[str, np.ndarray]:
    """{"logits": [N, C]} in the order of the data's classes. Raises `ModelError`; for the process with limits."""
    path = Path(training.model)
    model = read_checked(path)
    order = output_order(_words(model), examples.class_names)
    with _in_words(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logits = _logits(model, _rows(model, examples, path.name))
    return {"logits": logits if order is None else logits[:, list(order)]}


def _logits(model: Any, rows: Any) -> np.ndarray:
    if hasattr(model, "predict_proba"):
        least = np.finfo(np.float32).tiny
        return np.asarray(np.log(np.maximum(np.asarray(model.predict_proba(rows), np.float64), least)))
    return as_logits(np.asarray(model.decision_function(rows), np.float64))


def _rows(model: Any, examples: ExampleTable, name: str) -> Any:
    """The columns under the names it was fitted with, words as they are; else all of them, as numbers."""
    names = [str(column) for column in getattr(model, "feature_names_in_", ())]
    frame = columns_for(examples, names, int(model.n_features_in_), name)
    if not names:
        return numbers_of(frame, {}, name)
    frame = frame.set_axis(names, axis=1)
    return frame.where(frame.notna(), np.nan)  # None and NaN are one thing in a table, and two to an encoder


def refitted(training: TrainingSpec, examples: ExampleTable, fold_of: np.ndarray) -> np.ndarray:
    """[N, C] probabilities for each row by a copy that was fitted to the other folds; rows in no fold (-1) get the mean
    over the copies. A class that a copy never saw has 0. Raises `ModelError`.
    """
    from sklearn.base import clone

    path = Path(training.model)
    model, folds = read_checked(path), int(fold_of.max()) + 1
    rows = _rows(model, examples, path.name)
    total = np.zeros((len(examples), examples.class_count))
    for fold in range(folds):
        seen, judged = np.flatnonzero((fold_of >= 0) & (fold_of != fold)), np.flatnonzero(fold_of == fold)
        outside = np.flatnonzero(fold_of < 0)
        with _in_words(path), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copy = clone(model).fit(_taken(rows, seen), examples.labels[seen])
            for place, weight in ((judged, 1.0), (outside, 1.0 / folds)):
                total[np.ix_(place, copy.classes_)] += weight * _probabilities(copy, _taken(rows, place))
    return total


def _taken(rows: Any, places: np.ndarray) -> Any:
    return rows.iloc[places] if hasattr(rows, "iloc") else rows[places]


def _probabilities(model: Any, rows: Any) -> np.ndarray:
    from scipy.special import softmax

    return np.asarray(softmax(_logits(model, rows), axis=1)) if len(rows) else np.zeros((0, len(model.classes_)))


SKOPS = ModelSource(
    name="skops",
    title="scikit-learn by skops",
    summary="A fitted classifier or pipeline of scikit-learn, saved with skops.io.dump.",
    sniff=sniff,
    describe=describe,
    check=check,
    place=of_one_file,
    predict=predict,
    refitted=refitted,
    modalities=(Modality.TABLE,),
    gives=(Ability.LOGITS, Ability.PROBABILITIES),
    cannot={
        Ability.FEATURES: "an estimator has no last layer",
        Ability.GRADIENTS: "an estimator has no gradients",
        Ability.TRAINING: "it is scored as it is; copies of it judge labels out of fold",
        Ability.EMBEDDING: "the columns themselves give one, or a file: --embeddings",
    },
    refuses="types that are not scikit-learn's own estimators, trees whose indices do not close, pickles and joblib",
)
