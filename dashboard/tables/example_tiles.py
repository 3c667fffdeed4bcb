"""One example as the values that components draw: tile, hover card, score lines."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from core import actions
from core.types.curation import Action
from core.types.figures import cell, digits, probability
from dashboard.components.display_text import shown
from dashboard.components.embedding_map import HoverCard
from dashboard.components.gallery import Tile
from dashboard.components.score_panel import ScoreLine
from dashboard.session import cache
from dashboard.session.current_run import Opened
from dashboard.tables import palette, row_table


def tile(opened: Opened, row: int, order: str = "rank", note: str = "") -> Tile:
    """An example in a gallery or strip; the note is the score that orders the page."""
    view, name = opened.view, str(opened.view.ids[row])
    example, problem = cache.example_input(opened.run, row)
    label = int(opened.outcome.label_final[row])
    blind = order == "sample" and _answered(opened, row) == ""
    return Tile(
        row=row,
        name=name,
        label=class_word(opened, label),
        given=class_word(opened, int(view.labels[row])) if is_relabeled(opened, row) else "",
        suggested="" if blind else suggestion(opened, row),
        label_color=palette.class_color(view, label) if label >= 0 else None,
        kept=blind or bool(opened.outcome.kept[row]),
        note=note or _order_note(opened, row, order),
        locked=bool(view.held_out[row]),
        problem=problem,
        **_content(example),
    )


def _content(example: Any) -> dict[str, Any]:
    if isinstance(example, str):
        return {"text": example}
    if isinstance(example, Mapping):
        return {"cells": tuple((str(k), cell(v)) for k, v in list(example.items())[:6])}
    return {"image": example}


def class_word(opened: Opened, code: int) -> str:
    """A class name, or "no label"."""
    return shown(opened.view.class_names[code]) if code >= 0 else "no label"


def is_relabeled(opened: Opened, row: int) -> bool:
    """Whether a person gave the row another label."""
    return bool(opened.outcome.label_final[row] != opened.view.labels[row])


def label_words(opened: Opened, row: int) -> str:
    """The label of a row, and whose word it is once a person changed it."""
    label = class_word(opened, int(opened.view.labels[row]))
    if is_relabeled(opened, row):
        return f"{label} → {class_word(opened, int(opened.outcome.label_final[row]))} (by you)"
    said = opened.curation.decisions.get(str(opened.view.ids[row]))
    if said is not None and said.action is Action.RELABEL and said.label != label:
        return f"{label} (your {said.label} has no effect: held-out rows are locked)"
    return label


def suggestion(opened: Opened, row: int) -> str:
    """The class that a model which did not see the row gives with confidence, where it differs from the label."""
    code = int(actions.review.labels_suggested(opened.view)[row])
    return class_word(opened, code) if code >= 0 else ""


def _order_note(opened: Opened, row: int, order: str) -> str:
    if order == "sample":
        return _answered(opened, row)
    if order == "review":
        return "reviewed" if actions.review.is_reviewed(opened.view, opened.curation.decisions, row) else ""
    name, _, end = order.partition(":")
    if end and name in opened.view.scores:
        return digits(opened.view.scores[name].values[row])
    return f"#{int(opened.outcome.rank[row]):,}" if order == "rank" else ""


def _answered(opened: Opened, row: int) -> str:
    """What a person said of a row of the random sample; until then nothing else is to be shown of it."""
    name = str(opened.view.ids[row])
    return actions.noise.answer_words(opened.curation.decisions.get(name))


def hover_card(opened: Opened, row: int) -> HoverCard:
    """The small card beside the pointer."""
    view = opened.view
    example, problem = cache.example_input(opened.run, row)
    lines = [("label", label_words(opened, row))]
    if view.predicted is not None and view.predicted[row] >= 0:
        sure = f" · {probability(view.predicted_prob[row])}" if view.predicted_prob is not None else ""
        lines.append(("prediction", class_word(opened, int(view.predicted[row])) + sure))
    fate = "kept" if opened.outcome.kept[row] else "dropped"
    lines.append(("decision", f"{fate} · {opened.outcome.decided_by(row)}"))
    text = example if isinstance(example, str) else problem
    if isinstance(example, Mapping):
        lines += [(str(k), cell(v)) for k, v in list(example.items())[:4]]
    image = png(example) if isinstance(example, np.ndarray) else None
    return HoverCard(shown(view.ids[row]), tuple(lines), text[:280], image)


def png(pixels: np.ndarray) -> bytes:
    """uint8 [H, W] or [H, W, C] as a PNG file."""
    shaped = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(shaped)).save(out, format="PNG")
    return out.getvalue()


def score_lines(opened: Opened, row: int) -> list[ScoreLine]:
    """Every score of one example: value, percentile, spread, and what the end it stands at means."""
    terms = opened.view.terms("rank", False, opened.rules.guardrails.lock_held_out)  # the export's percentiles
    places = zip(terms.names, terms.matrix[:, row].astype(np.float64), strict=True)
    return [_score_line(opened, name, row, 100.0 * (place + 0.5)) for name, place in places]


def _score_line(opened: Opened, name: str, row: int, percentile: float) -> ScoreLine:
    column = opened.view.scores[name]
    suspicious = {"highest": 1, "lowest": -1}.get(column.inspect_first, 0)
    if not np.isfinite(column.values[row]):
        return ScoreLine(
            name,
            row_table.title(name),
            None,
            group=column.group,
            suspicious=suspicious,
            reason="not defined for this row",
        )
    spread = None if column.standard_deviation is None else float(column.standard_deviation[row])
    meaning = column.high_means if percentile >= 80 else column.low_means if percentile <= 20 else ""
    return ScoreLine(
        name,
        row_table.title(name),
        float(column.values[row]),
        percentile,
        spread,
        column.seed_count,
        meaning,
        suspicious,
        group=column.group,
    )
