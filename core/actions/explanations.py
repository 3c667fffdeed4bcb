"""Why the model predicts what it does for one row, whether to believe that, and what if the input differed.

Nothing here is kept: what-ifs leave data, decisions and run as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from core.attributions import AttributionClient, AttributionMethod, ImageParts, wire
from core.models.text_encoding import words_in
from core.runs.read import one_example
from core.store import Run
from core.types.attributions import Attribution, Edit, ExampleInfluence, WhatIf
from core.types.scores import AssumptionCheck


def attribution_methods(run: Run) -> tuple[AttributionMethod, ...]:
    """The attribution methods that apply to this run's model and modality."""
    return one_example.attribution_methods(run)


def explain(
    run: Run, row: int, method: str, params: dict[str, Any] | None = None, client: AttributionClient | None = None
) -> Attribution:
    """Why the model predicts what it does for one row, computed in a child process (kept alive in `client`)."""
    return one_example.explain(run, row, method, params or {}, client)


def influential_examples(run: Run, row: int, k: int = 5) -> tuple[ExampleInfluence, ExampleInfluence]:
    """The k most helpful and the k most harmful training examples for one row (last-layer TracIn)."""
    return one_example.influential_examples(run, row, k)


def explainer(run: Run) -> AttributionClient:
    """A child process that answers many questions about one run; close it when no more will be asked."""
    return AttributionClient(run.path)


def check_attribution(
    run: Run, row: int, method: str, params: dict[str, Any] | None = None, client: AttributionClient | None = None
) -> tuple[AssumptionCheck, ...]:
    """Lights with numbers for one attribution: does it add up, does it depend on what the model learned?"""
    with _asking(run, client) as worker:
        return worker.check(row, method, params)


def explain_and_check(
    run: Run, row: int, method: str, params: dict[str, Any] | None = None, client: AttributionClient | None = None
) -> tuple[Attribution, tuple[AssumptionCheck, ...]]:
    """The attribution of `explain` with its lights."""
    with _asking(run, client) as worker:
        return worker.explain(row, method, params), worker.check(row, method, params)


def what_if(run: Run, row: int, edit: Edit, client: AttributionClient | None = None) -> WhatIf:
    """What the run's model would say with words left out, blocks of the image covered or cells changed."""
    with _asking(run, client) as worker:
        return worker.what_if(row, edit)


@contextmanager
def _asking(run: Run, client: AttributionClient | None) -> Iterator[AttributionClient]:
    """The client, or one for these questions alone."""
    if client is not None:
        yield client
        return
    with explainer(run) as own:
        yield own


def word_places(run: Run, row: int) -> tuple[tuple[str, int, int], ...]:
    """(word, start, end) of each word of a text, as the model counts them; needs no worker."""
    text, _ = one_example.example_input(run, row)
    return tuple((token.text, token.start, token.end) for token in words_in(text)) if isinstance(text, str) else ()


def image_blocks(height: int, width: int) -> np.ndarray:
    """[height, width] number of the block that each pixel lies in, as `Edit.covered` counts them."""
    return ImageParts(height, width, 1).blocks


def attribution_json(attribution: Attribution) -> dict[str, object]:
    """An attribution as JSON values."""
    return wire.encode_attribution(attribution)
