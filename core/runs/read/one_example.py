"""What a person looks at in a finished run, one example at a time; needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.datasets.image_arrays import of_at_most
from core.store import Run
from core.types.attributions import Attribution, ExampleInfluence
from core.types.errors import CurationError, RunError
from core.types.examples import UNLABELED, Modality

if TYPE_CHECKING:
    from core.attributions import AttributionMethod


def clusters(run: Run, name: str) -> np.ndarray:
    """int32 [N], -1 = in no cluster; raises `RunError` for a run without them."""
    numbers = run.array(name)
    if numbers is None:
        raise RunError(f"This run has no clusters {name!r}.", "It has no embedding, or it is not finished.")
    return numbers


def neighbors(run: Run, row: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest other rows (at most 15 are kept) and their distances; `RunError` for a run without an embedding."""
    rows, distances = run.array("neighbors"), run.array("neighbor_distance")
    if rows is None or distances is None:
        raise RunError("This run has no neighbors.", "It has no embedding, or it is not finished.")
    return np.array(rows[row, :k]), np.array(distances[row, :k])


def example_input(run: Run, row: int, most: int = 0) -> tuple[Any, str]:
    """The input of one row and "", or None and the reason. most: pixels of an image's longer side; 0 = all it has."""
    inputs, why = run.inputs()
    if inputs is None:
        return None, why or "This dataset holds no inputs, only recorded model outputs."
    try:
        if run.modality is Modality.TABLE:
            return inputs.iloc[row].to_dict(), ""
        if run.modality is Modality.IMAGE and most:
            return of_at_most(inputs, row, most), ""
        return inputs[row], ""
    except CurationError as error:
        return None, str(error)
    except OSError as error:
        return None, f"The file cannot be read: {error.strerror or error}."


def training_curve(run: Run, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """epochs [T], p of the given label [S, T], predicted class [S, T]."""
    epochs, of_label, predicted = (run.array(name) for name in ("curves_epochs", "curves_p", "curves_pred"))
    if epochs is None or of_label is None or predicted is None:
        return None
    return np.array(epochs), np.array(of_label[:, :, row], np.float32), np.array(predicted[:, :, row], np.int64)


def attribution_methods(run: Run) -> tuple[AttributionMethod, ...]:
    """Those that can read this run's model."""
    from core.attributions import methods_of

    return methods_of(run)


def explain(run: Run, row: int, method: str, params: dict[str, Any], client: Any) -> Attribution:
    """Ask the child process; without a client one is started for this question alone."""
    from core.attributions import AttributionClient

    if client is not None:
        return client.explain(row, method, params)
    with AttributionClient(run.path) as own:
        return own.explain(row, method, params)


def influential_examples(run: Run, row: int, k: int) -> tuple[ExampleInfluence, ExampleInfluence]:
    """Last-layer TracIn of the training rows on the loss of this row's given (or else predicted) label.

    Raises `RunError` for a row with neither.
    """
    from core.attributions import influential_examples as influential
    from core.attributions import stored_checkpoints
    from core.runs.decide.view import predictions

    examples = run.examples
    label = int(examples.labels[row])
    if label == UNLABELED:
        predicted, _, _ = predictions(run)
        if predicted is None or predicted[row] < 0:
            raise RunError(
                "This example has no label and no prediction.", "Influence needs the class whose loss is meant."
            )
        label = int(predicted[row])
    return influential(row, label, examples.ids, examples.labels, examples.train_rows, stored_checkpoints(run), k)
