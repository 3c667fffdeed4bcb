"""What a person can ask about one prediction beyond "why?": may I believe the answer, and what if the input differed?

Like `core.actions`: importing is cheap, each function imports what it needs, and a refusal is a `CurationError`.
Nothing here is kept: what-ifs leave data, decisions and run as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from core.store import Run
from core.types.attributions import Attribution, Edit, WhatIf
from core.types.curation import Guardrails, NearDuplicates
from core.types.scores import AssumptionCheck

if TYPE_CHECKING:
    from core.attributions import AttributionClient
    from core.curation import ScoreView


def check_attribution(
    run: Run, row: int, method: str, params: dict[str, Any] | None = None, client: AttributionClient | None = None
) -> tuple[AssumptionCheck, ...]:
    """Lights with numbers for one attribution: does it add up, does it depend on what the model learned?"""
    with _asking(run, client) as worker:
        return worker.check(row, method, params)


def explain_and_check(
    run: Run, row: int, method: str, params: dict[str, Any] | None = None, client: AttributionClient | None = None
) -> tuple[Attribution, tuple[AssumptionCheck, ...]]:
    """The attribution of `core.actions.explain` with its lights."""
    with _asking(run, client) as worker:
        return worker.explain(row, method, params), worker.check(row, method, params)


def what_if(run: Run, row: int, edit: Edit, client: AttributionClient | None = None) -> WhatIf:
    """What the run's model would say with words left out, blocks of the picture covered or cells changed."""
    with _asking(run, client) as worker:
        return worker.what_if(row, edit)


@contextmanager
def _asking(run: Run, client: AttributionClient | None) -> Iterator[AttributionClient]:
    """The client, or one for these questions alone."""
    from core.attributions import AttributionClient

    if client is not None:
        yield client
        return
    with AttributionClient(run.path) as own:
        yield own


def word_places(run: Run, row: int) -> tuple[tuple[str, int, int], ...]:
    """(word, start, end) of each word of a text, as the model counts them; needs no worker."""
    from core.models.text_encoding import words_in
    from core.runs.reading import example_input

    text, _ = example_input(run, row)
    return tuple((token.text, token.start, token.end) for token in words_in(text)) if isinstance(text, str) else ()


def picture_blocks(height: int, width: int) -> np.ndarray:
    """[height, width] number of the block that each pixel lies in, as `Edit.covered` counts them."""
    from core.attributions import ImageParts

    return ImageParts(height, width, 1).blocks


def near_duplicates(view: ScoreView, row: int, similarity: float, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the same near-duplicate group as `row`, and their similarity to it (NaN: linked through others).

    similarity: from which two rows count as near-duplicates (0..1, 1 = identical), as in the guardrail. At most k, the
    most similar first.
    """
    from core.curation.duplicates import duplicate_groups

    groups = duplicate_groups(view, similarity)
    if groups[row] < 0:
        return np.empty(0, np.int64), np.empty(0)
    rows = np.flatnonzero(groups == groups[row])
    rows = rows[rows != row]
    known = _similarities(view, row)
    found = np.array([known.get(int(other), np.nan) for other in rows])
    order = np.argsort(-np.nan_to_num(found, nan=-1.0), kind="stable")[:k]
    return rows[order], found[order]


def rows_alike(view: ScoreView, similarity: float) -> np.ndarray:
    """Rows that have another one at least as similar as that (0..1); those of equal content are among them."""
    from core.curation.duplicates import duplicate_groups

    return np.flatnonzero(duplicate_groups(view, similarity) >= 0)


def asked_about_alike(view: ScoreView, guard: Guardrails) -> NearDuplicates | None:
    """What a person would be asked about near-duplicates under this guardrail, None for nothing."""
    from core.curation.duplicates import asked_about

    return asked_about(view, guard)


def _similarities(view: ScoreView, row: int) -> dict[int, float]:
    known: dict[int, float] = {}
    if view.neighbors is not None and view.neighbor_similarity is not None:
        places = zip(view.neighbors[row], view.neighbor_similarity[row], strict=True)
        known = {int(other): float(value) for other, value in places if other >= 0}
    if view.exact_duplicate_of is not None:
        same = view.exact_duplicate_of == view.exact_duplicate_of[row]
        known |= {int(other): 1.0 for other in np.flatnonzero(same)}
    return known
