"""Rows divided one way, counted another: zones per class and group, the data map's regions, clusters described."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.scores import name_used_for
from core.types.comparisons import ClusterCard, Crossing
from core.types.methods import Use

from .comparing import suspected_label
from .evidence import ZONES, zones
from .view import ScoreView

_AMBIGUOUS_SHARE = 1 / 3  # the most variable third, as in Swayamdipta et al. 2020
_TERMS_FROM = 20_000  # rows read for keywords: a word that tells a cluster apart shows up in so many
_WORD = re.compile(r"[^\W\d_]{2,}")


def cross_zones(view: ScoreView, codes: np.ndarray, groups: Sequence[str]) -> Crossing:
    """How many rows of each group (codes [N], -1 = none) lie in each of the zones."""
    inside = codes >= 0
    cells = np.asarray(codes[inside], np.int64) * len(ZONES) + zones(view)[inside]
    counts = np.bincount(cells, minlength=len(groups) * len(ZONES)).reshape(len(groups), len(ZONES))
    return Crossing(tuple(groups), ZONES, counts, suspected_share_of(view, codes, len(groups)))


def suspected_share_of(view: ScoreView, codes: np.ndarray, size: int) -> np.ndarray | None:
    """float64 [size] share of the labeled training rows of each group whose label is doubted; NaN for a group of none.

    None without out-of-fold predictions.
    """
    doubted = suspected_label(view)
    if doubted is None:
        return None
    judged = view.unlocked(True) & (view.labels >= 0) & (codes >= 0)
    rows = np.bincount(codes[judged], minlength=size)
    hits = np.bincount(codes[judged & doubted], minlength=size)
    return np.divide(hits, rows, out=np.full(size, np.nan), where=rows > 0)


def data_map(view: ScoreView) -> tuple[np.ndarray, np.ndarray] | None:
    """(float32 [N, 2] variability and confidence, int8 [N] into `REGIONS`, -1 = missing); None without both scores.

    A partition after Swayamdipta et al. 2020, whose three subsets (a third each) overlap: the third with the most
    variability is ambiguous; of the rest, confidence of at least one half is easy to learn, less is hard to learn.
    """
    axes = name_used_for(Use.DATA_MAP_ACROSS), name_used_for(Use.DATA_MAP_UP)
    if not all(name in view.scores for name in axes):
        return None
    coords = np.stack([view.scores[name].values for name in axes], axis=1)
    both = np.isfinite(coords).all(axis=1)
    region = np.full(len(view), -1, np.int8)
    if both.any():
        restless = coords[:, 0] >= np.quantile(coords[both, 0], 1 - _AMBIGUOUS_SHARE)
        region[both] = np.where(restless, 1, np.where(coords[:, 1] >= 0.5, 0, 2))[both]
    return coords, region


def describe_clusters(
    view: ScoreView, codes: np.ndarray, vectors: np.ndarray | None, words: Sequence[Counter[str]] = (), members: int = 6
) -> tuple[ClusterCard, ...]:
    """A card per cluster, in the order of their numbers (codes [N], -1 = in none); rows in none have the last, -1.

    vectors: [N, d] embedding that says what is near, or None. words: a counter of words per cluster.
    """
    size = int(codes.max(initial=-1)) + 1
    shares = suspected_share_of(view, codes, size)
    cards = []
    for number in range(size):
        rows = np.flatnonzero(codes == number)
        order = _by_distance(rows, vectors)
        suspected = None if shares is None or np.isnan(shares[number]) else float(shares[number])
        keywords = telling_words(words, number) if words else ()
        cards.append(
            ClusterCard(
                number, len(rows), suspected, keywords, _labels(view, rows), order[:members], order[::-1][:members]
            )
        )
    alone = np.flatnonzero(codes < 0)
    return (*cards, _in_no_cluster(view, alone)) if len(alone) else tuple(cards)


def _in_no_cluster(view: ScoreView, rows: np.ndarray) -> ClusterCard:
    """Rows in no dense region: they are listed, but have no middle that one could be near to."""
    share = suspected_share_of(view, np.where(np.isin(np.arange(len(view)), rows), 0, -1), 1)
    suspected = None if share is None or np.isnan(share[0]) else float(share[0])
    nobody = np.empty(0, np.int64)
    return ClusterCard(-1, len(rows), suspected, (), _labels(view, rows), nobody, nobody)


def _labels(view: ScoreView, rows: np.ndarray, most: int = 3) -> tuple[tuple[str, float], ...]:
    counts = view.count_classes(rows)
    first = [int(c) for c in np.argsort(-counts, kind="stable")[:most] if counts[c]]
    return tuple((str(view.class_names[c]), float(counts[c] / len(rows))) for c in first)


def _by_distance(rows: np.ndarray, vectors: np.ndarray | None) -> np.ndarray:
    if vectors is None or not len(rows):
        return rows
    own = np.asarray(vectors[rows], np.float64)
    return rows[np.argsort(((own - own.mean(axis=0)) ** 2).sum(axis=1), kind="stable")]


def telling_words(words: Sequence[Counter[str]], number: int, most: int = 8) -> tuple[str, ...]:
    """The words that set one cluster apart from the others, most telling first.

    Ranked by p x p / P x log(1 + K / P): p the share of its rows with the word, P the sum of p over all K clusters; a
    TF-IDF over clusters, times the part of the word's use that is here. Words of less than 2 % of the rows or a single
    one are left out. A counter holds rows with the word, and all rows under "" (no word is empty).
    """
    own, rows = words[number], max(words[number][""], 1)
    common = [w for w, n in own.items() if w and n >= max(2, 0.02 * rows)]
    everywhere = {w: sum(c[w] / max(c[""], 1) for c in words) for w in common}
    value = {w: own[w] / rows * np.log(1 + len(words) / everywhere[w]) * own[w] / rows / everywhere[w] for w in common}
    return tuple(sorted(common, key=lambda w: (-value[w], w))[:most])


def count_words(texts: Sequence[str], codes: np.ndarray) -> list[Counter[str]]:
    """Per cluster, in how many of its texts a word occurs; at most 20,000 texts are read, spread over all rows."""
    counters: list[Counter[str]] = [Counter() for _ in range(int(codes.max(initial=-1)) + 1)]
    for row in range(0, len(texts), max(1, -(-len(texts) // _TERMS_FROM))):
        if codes[row] >= 0:
            counters[codes[row]].update({"", *_WORD.findall(str(texts[row]).casefold())})
    return counters


def count_cells(frame: pd.DataFrame, codes: np.ndarray) -> list[Counter[str]]:
    """The same for a table's rows: words are "column = value", or "column: low" and "column: high" for numbers.

    Low and high are the outer quarters of the column (a column that is the same in both says nothing); numbers with
    at most 8 different values count as they are.
    """
    counters: list[Counter[str]] = [Counter() for _ in range(int(codes.max(initial=-1)) + 1)]
    for number, counter in enumerate(counters):
        counter[""] = int((codes == number).sum())
    for name in frame.columns:
        cells = _cell_words(str(name), frame[name])
        for word in {w for w in np.unique(cells) if w}:
            hits = np.bincount(codes[(cells == word) & (codes >= 0)], minlength=len(counters))
            for counter, count in zip(counters, hits.tolist(), strict=True):
                if count:
                    counter[str(word)] = count
    return counters


def _cell_words(name: str, column: pd.Series) -> np.ndarray:
    """[N] str, empty where the cell says nothing; a text column of more than 200 values says nothing."""
    series = column.reset_index(drop=True)
    different = series.nunique()
    if pd.api.types.is_numeric_dtype(series) and different > 8:
        low, high = series.quantile([0.25, 0.75])
        ends = [(series <= low).to_numpy(bool), (series >= high).to_numpy(bool)]
        return np.select(ends, [f"{name}: low", f"{name}: high"], "") if low < high else np.full(len(series), "")
    if different > 200 or different < 2:
        return np.full(len(series), "")
    words = series.map(lambda v: f"{v:.4g}" if isinstance(v, float) else str(v))
    return np.where(series.isna(), "", f"{name} = " + words).astype(str)
