"""What the formats of an export read of a run beside its rows."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.column_types import column_types
from core.datasets.image_files import ImageFiles
from core.embeddings import PROJECTIONS
from core.export import RunFacts
from core.runs.read.one_example import example_input
from core.store import Run


def run_facts(run: Run, typed: bool = False) -> RunFacts:
    """typed: with the kinds of columns, for which the source is looked at again."""
    maps = (run.array(projection.name) for projection in PROJECTIONS)
    points = next((np.asarray(points) for points in maps if points is not None), None)
    return RunFacts(
        column_types(run.spec.source) if typed else {},
        run.modality,
        run.examples.roles.text,
        points,
        partial(_input, run),
        partial(_image_file, run),
        os.path.isdir(run.spec.source),  # False where it cannot be looked at, too
    )


def _input(run: Run, row: int) -> Any:
    return example_input(run, row)[0]


def _image_file(run: Run, row: int) -> Path | None:
    inputs, _ = run.inputs()
    return inputs.file(row) if isinstance(inputs, ImageFiles) else None
