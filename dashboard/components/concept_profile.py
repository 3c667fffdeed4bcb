"""The concepts that a network knows of a class: where they are strongest, how much they matter, how much is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.types.attributions import Concept
from core.types.figures import digits
from dashboard.components.before_after import signed
from dashboard.components.images import data_url
from dashboard.components.nodes import Node, node, show_nodes
from dashboard.components.theme import TOWARDS_COLOR

_CROP = {"width": "26px", "height": "26px", "image-rendering": "pixelated", "margin-right": "2px"}


def concept_profile(
    concepts: Sequence[Concept], size: tuple[int, int], image_of: Callable[[int], np.ndarray | None], *, key: str
) -> None:
    """One row each: crops of training images with most of it, importance for the class, and this example's share.

    size: height and width that the crops count in. image_of(row) gives a training image, None when it cannot be read.
    """
    head = node(
        "tr",
        "",
        node("th", "", "Concept"),
        node("th", "", "Strongest in"),
        node("th", "", "Importance"),
        node("th", "", "Here"),
    )
    rows = [_row(concept, size, image_of) for concept in concepts]
    note = (
        "Importance: total Sobol index over training images of the class ± standard error. Here: percentile among "
        "them, and what it adds to the explained output. A concept is a number until you have seen its crops."
    )
    show_nodes(
        node(
            "div",
            "",
            node(
                "table",
                "concepts",
                node("thead", "", head),
                node("tbody", "", *rows),
                label="Concepts of the explained class",
            ),
            node("p", "soft", note),
        ),
        key=key,
    )


def _row(concept: Concept, size: tuple[int, int], image_of: Callable[[int], np.ndarray | None]) -> Node:
    crops: list[Node] = []
    for row, top, left, side in concept.crops:
        whole = image_of(row)
        if whole is not None:
            crops.append(
                node(
                    "img",
                    "",
                    src=data_url(_cut(whole, size, top, left, side)),
                    style=_CROP,
                    alt=f"Crop of training row {row}",
                )
            )
    width = f"{min(max(concept.importance, 0.0), 1.0):.1%}"
    bar = node("span", "bar", node("i", "", style={"width": width, "background": TOWARDS_COLOR}))
    error = f"{concept.importance:.2f} ± {concept.importance_error:.2f}"
    here = f"percentile {concept.percentile:.0f}, adds {signed(concept.contribution)}"
    return node(
        "tr",
        "",
        node("th", "", concept.name, title=concept.name),
        node("td", "", *(crops or ["–"])),
        node("td", "", bar, node("small", "soft", error)),
        node("td", "", node("small", "", here), title=f"strength {digits(concept.activation)}"),
    )


def _cut(whole: np.ndarray, size: tuple[int, int], top: int, left: int, side: int) -> np.ndarray:
    """The crop out of the image as given, which may be larger than what the model reads."""
    down, across = whole.shape[0] / size[0], whole.shape[1] / size[1]
    end = (round((top + side) * down), round((left + side) * across))
    return np.ascontiguousarray(whole[round(top * down) : max(end[0], 1), round(left * across) : max(end[1], 1)])
