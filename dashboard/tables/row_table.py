"""From core values to what is drawn: plain functions of arrays, no widgets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core import actions
from core.types.curation import Zone
from core.types.errors import RulesError
from core.types.facets import Facet
from core.types.review import LabelNext, ReviewQueue
from dashboard.components.display_text import shown
from dashboard.session import cache
from dashboard.session.current_run import Opened
from dashboard.tables import flip_risks


def title(name: str) -> str:
    """A score's title for people; its name when the registry no longer has it."""
    return next((method.title for method in actions.methods.scores() if method.name == name), name)


def facets(opened: Opened) -> tuple[Facet, ...]:
    """The cards of Explore: what never changes (kept per run) and what decisions change."""
    fixed = cache.fixed_facets(opened.run.run_id, opened.at, opened.run, opened.view)
    return actions.facets.facets_of(opened.view, opened.outcome, fixed, opened.change)


def orders(opened: Opened) -> dict[str, str]:
    """How rows may be ordered: as decided, or by either end of a score."""
    words = {
        "rank": "First to go under the rules",
        "review": "Review: most worth a look",
        "sample": "Random sample for the noise rate",
        "row": "Row order",
    }
    if actions.review.has_unlabeled(opened.view):
        words["next"] = "Label next: rows without a label"
    for name, column in opened.view.scores.items():
        ends = ("low", "high") if column.inspect_first == "lowest" else ("high", "low")
        words.update({f"{name}:{end}": f"{title(name)}, {end}est first" for end in ends})
    return words


def review(opened: Opened) -> ReviewQueue:
    """The rows by decision value under these rules."""
    return cache.review(opened.run.run_id, opened.at, repr(opened.rules), opened.view, opened.rules)


def label_next(opened: Opened) -> LabelNext | None:
    """The rows to label next; None where every row has its label."""
    try:
        return cache.label_next(
            opened.run.run_id, opened.at, opened.curation.stamp, opened.run, opened.view, opened.curation
        )
    except RulesError:
        return None


def sample(opened: Opened) -> np.ndarray:
    """Rows of the random sample for the noise rate; none where there is nothing to draw from."""
    try:
        return cache.noise_sample(opened.run.run_id, opened.at, opened.view)
    except RulesError:  # whoever draws the queue says so
        return np.empty(0, np.int64)


def ordered(opened: Opened, rows: np.ndarray, order: str) -> np.ndarray:
    """The rows in that order."""
    if order == "rank":
        return actions.selections.in_order(rows, actions.outcomes.drop_order(opened.view, opened.rules))
    if order == "review":
        queue, place = review(opened).order, np.full(len(opened.view), len(opened.view))
        place[queue] = np.arange(len(queue))
        return rows[np.argsort(place[rows], kind="stable")]
    if order == "next":
        waiting = label_next(opened)
        return waiting.order[np.isin(waiting.order, rows)] if waiting else np.empty(0, np.int64)
    if order == "sample":
        sample_rows = sample(opened)
        return sample_rows[np.isin(sample_rows, rows)]
    name, _, end = order.partition(":")
    return actions.selections.first_rows(opened.view, name if end else None, rows, lowest=end == "low")


def rows_frame(opened: Opened, rows: np.ndarray) -> pd.DataFrame:
    """The rows as a table: id, label as it leaves (and as given, where another), prediction, decision with its reasons
    and margin, then every score."""
    view, outcome = opened.view, opened.outcome
    frame = pd.DataFrame(
        {
            "id": view.ids[rows],
            "label": class_words(view, outcome.label_final[rows]),
            "kept": np.where(outcome.kept[rows], "kept", "dropped"),
            "by": outcome.source_of(rows),
            "because": [actions.outcomes.reasons_of(outcome, int(row)) for row in rows],
            "distance to the cut": outcome.margin[rows],
            "flip risk": flip_risks.flip_risks(opened)[rows],
            "zone": [tuple(Zone)[code].words for code in actions.comparisons.zones(view)[rows]],
        }
    )
    if (outcome.label_final[rows] != view.labels[rows]).any():
        frame.insert(2, "given label", class_words(view, view.labels[rows]))
    if view.predicted is not None:
        frame.insert(2, "prediction", class_words(view, view.predicted[rows]))
    if view.rising is not None:
        beside = 2 if view.predicted is None else 3
        frame.insert(beside, "rising class", class_words(view, view.rising[rows]))
    return frame.assign(**{name: column.values[rows] for name, column in view.scores.items()})


def class_words(view: actions.scores.ScoreView, codes: np.ndarray) -> list[str]:
    """Class names of codes; empty where there is none."""
    return [shown(view.class_names[c]) if 0 <= c < len(view.class_names) else "" for c in codes]


def zone_word(opened: Opened, row: int) -> str:
    """The zone of one row in words."""
    return tuple(Zone)[int(actions.comparisons.zones(opened.view)[row])].words


def kept_frame(opened: Opened, count: int) -> pd.DataFrame:
    """The first kept rows with the user's own columns; ids and labels where there are none."""
    rows = np.flatnonzero(opened.outcome.kept)[:count]
    columns = opened.view.columns
    if columns is None or not len(columns.columns):
        return pd.DataFrame(
            {"id": opened.view.ids[rows], "label": class_words(opened.view, opened.outcome.label_final[rows])}
        )
    return columns.iloc[rows].reset_index(drop=True)
