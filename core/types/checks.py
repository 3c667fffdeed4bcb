"""What checks of a rule and of the scores answer: measured figures with their intervals, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from .errors import RunError
from .validation import validated


class Verdict(StrEnum):
    """What an interval of a difference says: above 0, around it, or below."""

    BETTER = "better than"
    SAME = "no different from"
    WORSE = "worse than"


VERSION = 1  # of the JSON of every result here


@dataclass(frozen=True)
class Result:
    """A result that goes to disk and back."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, read back by `from_json`."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; `RunError` when a newer version wrote it, `ValidationError` when edited."""
        if plain.get("version", VERSION) != VERSION:
            raise RunError(f"A result of version {plain['version']}.", "Update Chaffinch, or run the check again.")
        known = {f.name for f in fields(cls)}
        return validated({name: value for name, value in plain.items() if name in known}, cls)


@dataclass(frozen=True)
class ArmPoint(Result):
    """One arm ("rule" | "random" | "weighted" | "all") at one size: held-out accuracy after the last step, 0..1.

    low, high: 95 % t interval of the mean over seeds. worst_class: the class with the lowest mean accuracy over seeds;
    worst_accuracy: its mean.
    """

    arm: str
    fraction: float  # share of the training rows that it trains on
    rows: int
    accuracies: tuple[float, ...]  # one per seed
    mean: float
    low: float
    high: float
    worst_class: str = ""
    worst_accuracy: float = 0.0


@dataclass(frozen=True)
class Comparison(Result):
    """Accuracy of the rule minus another arm's ("random" | "weighted" | "all") at one size.

    Paired by seed and held-out row. low, high: 95 % interval over seeds and held-out rows together.
    """

    against: str
    fraction: float
    rows: int
    difference: float
    low: float
    high: float
    verdict: Verdict
    own: bool = False  # the size that the rule itself keeps: the verdict of the check


@dataclass(frozen=True)
class SmallestSubset(Result):
    """The smallest kept set whose accuracy is within one point of all data's; `fraction` None means not shown.

    confidence: that its accuracy is no more than one point below (t distribution of the paired difference).
    """

    fraction: float | None
    rows: int
    confidence: float
    text: str


@dataclass(frozen=True)
class CheckResult(Result):
    """A rule against matched random and against all data."""

    key: str
    number: int  # counts the checks of a run
    mode: str  # quick | full
    learner: str
    steps: int | None  # optimizer steps of every training; None: fitted until converged
    seeds: int
    candidates: int  # training rows
    held_out: int
    held_out_is: str  # where the held-out rows come from, in words
    class_names: tuple[str, ...]
    rules: dict[str, Any]
    decisions_sha256: str
    points: tuple[ArmPoint, ...]
    comparisons: tuple[Comparison, ...]
    smallest: SmallestSubset
    verdict: str  # one sentence
    notes: tuple[str, ...] = ()
    weight: str = ""  # for training, that was compared with none
    weighed: str = ""  # one sentence on what it did

    @property
    def beats_random(self) -> bool:
        """Whether what the rule itself keeps trained better than as many random rows of the same classes."""
        return any(c.own and c.against == "random" and c.verdict == Verdict.BETTER for c in self.comparisons)


@dataclass(frozen=True)
class ScoreRecall(Result):
    """Share of the planted flips among the most suspected 5, 10, 20 % of the rows, with Wilson intervals."""

    name: str
    inspected: tuple[float, ...]
    recall: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    average_precision: float
    auroc: float


@dataclass(frozen=True)
class Gain(Result):
    """AUROC of the suggested weights minus another ranking's, both on the same planted flips.

    Wrong labels that were there before are no flips and pull average precision down at random; AUROC hardly moves.
    low, high: 95 % bootstrap interval over rows. Weights, and the best single score, are chosen on other folds.
    """

    over: str
    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """One sentence with the interval, and whether it shows anything."""
        shown = "" if self.low > 0 else " No gain is shown." if self.high >= 0 else " They are worse."
        return (
            f"Suggested weights against {self.over}: {self.value:+.3f} AUROC ({self.low:+.3f} to {self.high:+.3f}, "
            f"95 %).{shown}"
        )


@dataclass(frozen=True)
class SelfTestResult(Result):
    """How much of the planted label flips each score finds, and the weights that find them best."""

    key: str
    flip: float
    seed: int
    rows: int
    flips: int
    scores: tuple[ScoreRecall, ...]
    composites: tuple[ScoreRecall, ...]  # suggested (cross-fitted) and equal weights
    weights: dict[str, float]  # score -> weight, the largest 1; every tested score is named
    groups: dict[str, str] = field(default_factory=dict)
    gains: tuple[Gain, ...] = ()
    not_tested: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stratum(Result):
    """Rows of one kind, how many of them a person has reviewed, and how many of those labels were wrong."""

    name: str
    rows: int
    reviewed: int
    wrong: int
    low: float  # Wilson interval of the share of wrong labels
    high: float


@dataclass(frozen=True)
class NoiseRate(Result):
    """Share of wrong labels. A model's doubt never stands without its accuracy; only review gives `share`.

    share, low, high: stratified estimate from the reviewed sample, None before both strata have reviewed rows.
    doubted: share that an out-of-fold model doubts; accuracy: how often it agrees with the given labels.
    cut: rows to drop from the most suspected on, beyond which a reviewed label is more often right than wrong.
    """

    strata: tuple[Stratum, ...]
    share: float | None
    low: float | None
    high: float | None
    doubted: float | None
    accuracy: float | None
    cut: int | None
    text: str
    cut_text: str = ""


@dataclass(frozen=True)
class NoiseEstimate:
    """Share of the labeled training rows whose label a model doubts, with a 95 % Wilson interval.

    accuracy: how often that model agrees with the given labels. The weaker it is, the more the share is too high.
    """

    share: float
    low: float
    high: float
    rows: int
    accuracy: float

    @property
    def text(self) -> str:
        """The doubted labels in words, never without how often the doubting models are right."""
        return (
            f"Out-of-fold models, which did not see the row, doubt {100 * self.share:.1f} % of {self.rows:,} training "
            f"labels (95 % interval {100 * self.low:.1f}–{100 * self.high:.1f} %). They agree with "
            f"{100 * self.accuracy:.0f} % of the given labels: the weaker they are, the more this is too high."
        )
