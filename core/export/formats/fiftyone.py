"""`fiftyone`: the layout of FiftyOne's image classification datasets, labels beside a list of the image files.

The images themselves are not copied: the folder that was scored is linked as `fiftyone/data`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreView

from .format import ExportFormat, HandOver, RunFacts, write_json

_FOLDER = "fiftyone"
_NAMES = ("data.json", "labels.json")


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    view = handed.view
    paths = [] if view.source_path is None else view.source_path.tolist()
    keys = [str(one) for one in view.ids.tolist()]
    write_json(
        folder / _FOLDER / "data.json",
        {key: f"data/{path}" for key, path in zip(keys, paths, strict=True)},
    )
    labels = {key: said for key, said in zip(keys, _labels(handed), strict=True)}
    write_json(folder / _FOLDER / "labels.json", {"classes": list(view.class_names), "labels": labels})
    return {f"{_FOLDER}/{name}": len(view) for name in _NAMES}


def _why_not(view: ScoreView, facts: RunFacts) -> str:
    return "" if view.source_path is not None else "FiftyOne shows image files, and these rows have none."


def _labels(handed: HandOver) -> list[dict[str, Any] | None]:
    """For each row its final label, with what was decided as attributes; None for a row without a label."""
    view, outcome = handed.view, handed.outcome
    names, weights = (*view.class_names, None), handed.weights.tolist()
    return [
        None
        if final < 0
        else {
            "label": names[final],
            "attributes": {
                "given_label": names[given],
                "kept": kept,
                "sample_weight": weight,
                **{name: _number(column.values[row]) for name, column in view.scores.items()},
            },
        }
        for row, (final, given, kept, weight) in enumerate(
            zip(
                outcome.label_final.tolist(),
                view.labels.tolist(),
                outcome.kept.tolist(),
                weights,
                strict=True,
            )
        )
    ]


def _number(value: np.floating) -> float | None:
    return None if np.isnan(value) else float(value)


FIFTYONE = ExportFormat(
    name="fiftyone",
    title="FiftyOne",
    summary="A folder for FiftyOne: labels, kept, weights and scores; link your images as its data.",
    write=_write,
    why_not=_why_not,
    files=tuple(f"{_FOLDER}/{name}" for name in _NAMES),
    opened_by='fiftyone.Dataset.from_dir("fiftyone", fiftyone.types.FiftyOneImageClassificationDataset)',
)
