"""What Compare shows, as words, tables and rows: plain functions of core's values, no widgets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core import actions
from core.types.comparisons import ClusterCard, Crossing, PairComparison, RankCorrelation, WeightEffect
from dashboard.tables import row_table


def axis_title(name: str) -> str:
    """A score's or summary's title."""
    return actions.comparisons.summary_titles().get(name, "") or row_table.title(name)


def short_title(name: str) -> str:
    """The same without its explanation: fits on a button."""
    return axis_title(name).split(" (")[0]


def rows_with(codes: np.ndarray, code: int, shown: np.ndarray) -> np.ndarray:
    """Shown rows of one quadrant, zone, region or cluster."""
    return np.flatnonzero((codes == code) & shown)


def agreement_words(pair: PairComparison, a: str, b: str) -> str:
    """Spearman in one sentence."""
    if np.isnan(pair.spearman):
        return f"Spearman is not defined over the {pair.rows:,} rows that have both scores."
    strong = abs(pair.spearman)
    word = "hardly" if strong < 0.2 else "weakly" if strong < 0.5 else "clearly" if strong < 0.8 else "strongly"
    way = "related" if strong < 0.2 else "in the same order" if pair.spearman > 0 else "in opposite order"
    return f"Spearman {pair.spearman:+.3f} over {pair.rows:,} rows: {word} {way}."


def overlap_frame(pair: PairComparison) -> pd.DataFrame:
    """Shared rows among the first of both scores."""
    return pd.DataFrame(
        {
            "Suspicious end": [f"first {o.fraction:.0%}" for o in pair.overlaps],
            "Rows": [o.count for o in pair.overlaps],
            "In both": [o.shared for o in pair.overlaps],
            "Share": [o.share for o in pair.overlaps],
            "By chance": [o.fraction for o in pair.overlaps],
            "Jaccard": [o.jaccard for o in pair.overlaps],
        }
    )


def correlation_frame(correlation: RankCorrelation) -> pd.DataFrame:
    """The matrix as a table."""
    titles = [short_title(name) for name in correlation.names]
    return pd.DataFrame(correlation.matrix, index=titles, columns=titles).rename_axis("Score").reset_index()


def correlation_words(correlation: RankCorrelation) -> str:
    """Over which rows, and the pair that agrees most and least."""
    drawn = (
        f"{correlation.total:,} rows"
        if correlation.sampled == correlation.total
        else f"{correlation.sampled:,} of {correlation.total:,} rows"
    )
    low, high = np.tril_indices(len(correlation.names), -1), correlation.matrix
    pairs = [(high[i, j], i, j) for i, j in zip(*low, strict=True) if np.isfinite(high[i, j])]
    if not pairs:
        return f"Spearman over {drawn}: no two scores can be compared."
    (least, *first), (most, *last) = min(pairs), max(pairs)
    least_pair, most_pair = (" and ".join(short_title(correlation.names[k]) for k in pair) for pair in (first, last))
    return (
        f"Spearman over {drawn}, each pair over the rows that have both. Nearest to one order: {most_pair} "
        f"({most:+.2f}); nearest to opposite: {least_pair} ({least:+.2f})."
    )


def zones_frame(crossing: Crossing) -> pd.DataFrame:
    """Rows of each group in each zone, with the share of doubted labels."""
    columns = {zone.words.capitalize(): crossing.counts[:, k] for k, zone in enumerate(crossing.parts)}
    frame = pd.DataFrame({"Group": list(crossing.groups), "Rows": crossing.counts.sum(axis=1), **columns})
    return frame if crossing.suspected is None else frame.assign(**{"Suspected labels": crossing.suspected})


def clusters_frame(cards: tuple[ClusterCard, ...]) -> pd.DataFrame:
    """A line per cluster: its words, or where there are none the labels in it."""
    frame = pd.DataFrame(
        {
            "Cluster": [cluster_title(card) for card in cards],
            "Rows": [card.size for card in cards],
            "Suspected labels": [card.suspected for card in cards],
        }
    )
    if any(card.keywords for card in cards):
        return frame.assign(**{"What sets it apart": [", ".join(card.keywords) for card in cards]})
    return frame.assign(Labels=[label_words(card) for card in cards])


def cluster_title(card: ClusterCard) -> str:
    """Its number, or that these rows are in none."""
    return "in no cluster" if card.number < 0 else f"cluster {card.number}"


def label_words(card: ClusterCard) -> str:
    """The most frequent given labels of a cluster."""
    return ", ".join(f"{name} {share:.0%}" for name, share in card.labels)


def effects_frame(effects: tuple[WeightEffect, ...]) -> pd.DataFrame:
    """A line per weight: how many rows change side when it alone moves."""
    return pd.DataFrame(
        {
            "Weight": [
                ("group " + e.name.replace("_", " ")) if e.kind == "group" else row_table.title(e.name) for e in effects
            ],
            "Now": [e.weight for e in effects],
            "−0.25 flips": [e.flips_down for e in effects],
            "+0.25 flips": [e.flips_up for e in effects],
        }
    )
