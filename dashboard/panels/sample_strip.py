"""A few real examples of a bundled dataset on its card: thumbnails, texts, or a corner of the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.types.errors import CurationError
from core.types.examples import Modality
from core.types.previews import SourcePreview
from dashboard.components.images import data_url
from dashboard.components.nodes import Node, node, show_nodes
from dashboard.session import cache

_IMAGES, _TEXTS, _COLUMNS, _ROWS = 4, 2, 3, 3


def sample_strip(name: str) -> None:
    """Draw the strip; a sample that cannot be read has none, and says why when it is opened."""
    try:
        seen = cache.sample_preview(name)
    except CurationError:
        return
    tree = strip(seen)
    if tree is not None:
        show_nodes(tree, key=f"strip_{name}")


def strip(seen: SourcePreview) -> Node | None:
    """Four images, two texts, or three columns of three rows with the label last; None when there is nothing."""
    labels = [] if seen.head is None or not seen.roles.label else list(seen.head[seen.roles.label])
    if seen.images:
        return _images(seen.images[:_IMAGES], labels)
    if seen.head is None or not len(seen.head):
        return None
    if seen.modality == Modality.TEXT and seen.roles.text:
        return _texts(list(seen.head[seen.roles.text])[:_TEXTS], labels)
    return _corner(seen.head, _telling(seen))


def _images(images: Sequence[np.ndarray], labels: Sequence[object]) -> Node:
    named = [f"labeled {label}" for label in labels] or [""] * len(images)
    shown = [
        node("img", "", src=data_url(image, 112), alt=f"An example {words}")
        for image, words in zip(images, named, strict=False)
    ]
    return node("div", "strip", *shown)


def _texts(texts: Sequence[object], labels: Sequence[object]) -> Node:
    named = [str(label) for label in labels] or [""] * len(texts)
    return node(
        "div",
        "strip words",
        *[
            node("p", "", str(text), " ", node("small", "soft", label))
            for text, label in zip(texts, named, strict=False)
        ],
    )


def _telling(seen: SourcePreview) -> list[str]:
    """Two features that differ between the rows, the first of words and of numbers, then the label."""
    features = [c for c in seen.columns if c.name in seen.roles.features and seen.head[c.name].nunique() > 1]
    kinds = {column.kind == "number": column.name for column in reversed(features)}
    first = list(dict.fromkeys([*kinds.values(), *(c.name for c in features)]))[: _COLUMNS - bool(seen.roles.label)]
    return [*first, *([seen.roles.label] if seen.roles.label else [])]


def _corner(head: pd.DataFrame, names: Sequence[str]) -> Node:
    titles = node("tr", "", *[node("th", "", name.replace("_", " ")) for name in names])
    rows = [
        node("tr", "", *[node("td", "", str(value)) for value in row])
        for row in head[list(names)].head(_ROWS).itertuples(index=False)
    ]
    return node("div", "strip", node("table", "", node("thead", "", titles), node("tbody", "", *rows)))
