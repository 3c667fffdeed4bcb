"""A strip of related examples: nearest neighbors, near-duplicates, helpful and harmful training examples."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.components.gallery import Tile


def neighbors_strip(title: str, tiles: Sequence[Tile], *, key: str, captions: Sequence[str] = (), size: int = 64,
                    empty: str = "None.") -> int | None:
    """One line of tiles with a caption under each (distance, or "helped · loss fell by 0.02"). Returns a clicked row."""
