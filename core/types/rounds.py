"""One round after another: what a later run takes over from an earlier one, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True)
class Offer:
    """Decisions of another run that a run could take over.

    decisions: of them, those on ids that the run has (`fitting`) and has not decided on itself (`new`). ids: how many
    of the run's ids the other run has. same_data: nothing but labels differs, if that.
    """

    run_id: str
    name: str
    decisions: int
    fitting: int
    new: int
    ids: int
    rows: int
    same_data: bool

    @property
    def words(self) -> str:
        """The counts in a sentence."""
        rest = "" if self.new == self.fitting else f", {self.new:,} of them on rows that are not decided here"
        return (
            f"{self.fitting:,} of {self.decisions:,} decisions of {self.run_id} fit "
            f"({self.ids:,} of {self.rows:,} ids){rest}"
        )


@dataclass(frozen=True)
class CarriedOver:
    """What became of another run's decisions: taken over, decided here already, on unknown ids, with unknown labels."""

    taken: int
    kept_here: int
    unknown_ids: int
    unknown_labels: int

    @property
    def words(self) -> str:
        """The counts in a sentence; what did not happen is left out."""
        left = (
            (self.kept_here, "left out: decided here already"),
            (self.unknown_ids, "left out: the id is not here"),
            (self.unknown_labels, "left out: the label is no class here"),
        )
        return "; ".join([f"{self.taken:,} decisions taken over", *(f"{n:,} {what}" for n, what in left if n)])


@dataclass(frozen=True)
class RunSide:
    """One of two runs that are compared, over the examples that both have.

    kept: under its saved rules and decisions. labeled: training rows with a label; doubted: those whose label a model
    that did not see them doubts, None without one. out_of_fold: share of the labeled rows where that model agrees.
    held_out: share of the `held_out_rows` whose label the run's network predicts; None without them or a network.
    """

    run_id: str
    rows: int
    kept: int
    labeled: int
    doubted: int | None
    out_of_fold: float | None
    held_out: float | None
    held_out_rows: int

    @property
    def noise(self) -> float | None:
        """The share of labeled training rows whose label is doubted: a count of doubt, not of errors."""
        return None if self.doubted is None or not self.labeled else self.doubted / self.labeled


# Columns of `RunComparison.by_class`, each before and after but for the last.
BY_CLASS = ("labeled", "kept", "doubted", "held-out right")


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Two runs of the same data, the earlier first. Rows are those of the later one, ascending.

    shared: examples that both have. gained: kept now and dropped before; lost: the other way; relabeled: under another
    label now; newly_labeled: without a label before. by_class: counts of each class of the later run under its own
    label in each run: `BY_CLASS` before, then after, then the held-out rows.
    """

    before: RunSide
    after: RunSide
    shared: int
    gained: Int64[np.ndarray, " gained"]
    lost: Int64[np.ndarray, " lost"]
    relabeled: Int64[np.ndarray, " relabeled"]
    newly_labeled: Int64[np.ndarray, " labeled"]
    class_names: tuple[str, ...]
    by_class: Int64[np.ndarray, "class 9"]

    @property
    def lines(self) -> tuple[tuple[str, str, str], ...]:
        """What is told of both, before and after, in words; "" where a run cannot say."""
        a, b = self.before, self.after
        return (
            ("kept rows", f"{a.kept:,} of {a.rows:,}", f"{b.kept:,} of {b.rows:,}"),
            ("labeled training rows", f"{a.labeled:,}", f"{b.labeled:,}"),
            ("labels that models doubt", _doubt(a), _doubt(b)),
            ("out-of-fold agreement with the labels", _share(a.out_of_fold), _share(b.out_of_fold)),
            ("held-out accuracy", _held_out(a), _held_out(b)),
        )


def _doubt(side: RunSide) -> str:
    return "" if side.noise is None else f"{side.noise:.1%} ({side.doubted:,} of {side.labeled:,})"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _held_out(side: RunSide) -> str:
    return "" if side.held_out is None else f"{side.held_out:.1%} of {side.held_out_rows:,}"
