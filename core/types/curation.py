"""What a person decides: rules, manual decisions, and what both together do to each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64, Integer, Shaped, UInt, UInt8

from .errors import RulesError
from .methods import Goal
from .ranks import inverse_order
from .validation import ValidationError, validated


class Action(StrEnum):
    """What a person decided about one example."""

    KEEP = "keep"
    DROP = "drop"
    RELABEL = "relabel"
    REVIEWED = "reviewed"
    CLEAR = "clear"  # back to what the rules say


class Source(StrEnum):
    """Who decided a row."""

    RULE = "rule"
    MANUAL = "manual"
    GUARDRAIL = "guardrail"
    DUPLICATE = "duplicate"
    LOCKED = "locked"
    DEFAULT = "default"


# What the codes of `Outcome.source_code` stand for.
SOURCES = (Source.DEFAULT, Source.RULE, Source.GUARDRAIL, Source.DUPLICATE, Source.MANUAL, Source.LOCKED)


@dataclass(frozen=True)
class Decision:
    """What a person decided about one example, as of now."""

    action: Action | None = None  # None: only a note or a review mark
    label: str | None = None  # class name for RELABEL
    note: str = ""
    reviewed: bool = False
    sampled: bool = False  # answered in the random sample for the noise rate: only such answers say how many are wrong


@dataclass(frozen=True)
class Change:
    """What one click changes of the decisions on the examples it is about; what is None stays as it was.

    action: CLEAR forgets the decision, REVIEWED only marks. label: the class name for RELABEL. sampled: it answers the
    random sample for the noise rate.
    """

    action: Action | None = None
    label: str | None = None
    note: str | None = None
    reviewed: bool | None = None
    sampled: bool | None = None

    def applied_to(self, before: Decision | None) -> Decision | None:
        """The decision afterwards; None when nothing is left of it. Clearing takes an answer to the sample away."""
        old = before or Decision()
        action, label = self._action_after(old)
        sampled = bool(self.sampled) if self.action is Action.CLEAR else self.sampled
        mark = True if self.action is Action.REVIEWED and self.reviewed is None else self.reviewed
        reviewed = old.reviewed if mark is None else mark
        answers = reviewed and (old.sampled if sampled is None else sampled)
        after = Decision(action, label, old.note if self.note is None else self.note, reviewed, answers)
        return None if after == Decision() else after

    def _action_after(self, old: Decision) -> tuple[Action | None, str | None]:
        if self.action is None or self.action is Action.REVIEWED:
            return old.action, old.label
        if self.action is Action.CLEAR:
            return None, None
        return self.action, self.label if self.action is Action.RELABEL else None


class Zone(StrEnum):
    """What hardness and label evidence together say of a row, in the order of the codes of `core.curation.zones`."""

    TYPICAL = "typical"
    LIKELY_MISLABELED = "likely_mislabeled"
    HARD_USEFUL = "hard_useful"
    REDUNDANT = "redundant"

    @property
    def words(self) -> str:
        """What a person reads, on the screen and in a terminal."""
        return "hard but useful" if self is Zone.HARD_USEFUL else self.value.replace("_", " ")


class CutKind(StrEnum):
    """What the number of a cut counts."""

    VALUE = "value"  # in the score's own unit
    PERCENTILE = "percentile"  # 0..100, of the rows that the cut looks at
    COUNT = "count"  # rows to drop


class Side(StrEnum):
    """The side of a cut that is dropped."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True)
class Threshold:
    """Rows on the `drop` side of the cut are dropped; `RulesError` for a kind or side that there is not.

    score: a score's name or "composite". class_name: only rows with this given label, None for all.
    """

    score: str
    kind: CutKind
    drop: Side
    cut: float
    class_name: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("kind", CutKind), ("drop", Side)):
            try:
                object.__setattr__(self, name, known(getattr(self, name)))
            except ValueError:
                said = f"The threshold on {self.score} has the {name} {getattr(self, name)!r}."
                raise RulesError(said, f"Use one of: {', '.join(known)}.") from None


# Of each group of near-duplicates one stays: unless that takes too many rows, for then a person is asked
# (`Outcome.near_duplicates`); however many, because a person agreed; only of rows of equal content; never.
DUPLICATES = ("keep_best", "keep_best_agreed", "exact", "off")


@dataclass(frozen=True)
class NearDuplicates:
    """Rows that would go for being like another row and stay until a person agrees.

    rows: beyond those of equal content, which go unasked. share: of all rows. similarity: from which rows count as
    alike. limit: the share up to which nobody is asked.
    """

    rows: int
    share: float
    similarity: float
    limit: float

    @property
    def text(self) -> str:
        """What was found and what was done, in one sentence."""
        return (
            f"{self.rows:,} rows look alike at {self.similarity:.6g}: {self.share:.1%} of the rows, more than "
            f"{self.limit:.0%}, so none of them was dropped for it. "
            "Agree to drop them, raise the similarity, or keep them."
        )


@dataclass(frozen=True)
class Guardrails:
    """What rules may not do. On by default."""

    class_floor: int = 10  # rows each class keeps at least (fewer only if it never had them)
    class_cap: float | None = 0.5  # largest share of a class that rules may drop
    duplicates: str = "keep_best"  # one of DUPLICATES
    duplicate_similarity: float = 0.99  # duplicate_similarity at or above this makes a group
    lock_held_out: bool = True
    allow_empty_class: bool = False


@dataclass(frozen=True)
class Rules:
    """How scores turn into a kept set. Pure data; the same JSON from screen and command line."""

    goal: str = Goal.FIND_NOISE.value
    group_weights: dict[str, float] = field(default_factory=dict)  # absent = 1
    score_weights: dict[str, float] = field(default_factory=dict)  # absent = 1; 0 excludes
    transform: str = "rank"  # rank | probit | robust_z
    aggregator: str = "mean"  # the name of a registered aggregator
    within_class: bool = False
    strategy: str = "threshold"
    strategy_params: dict[str, Any] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    guardrails: Guardrails = field(default_factory=Guardrails)
    preset: str | None = None
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, read back by `rules_from_json`."""
        return {"version": 1, **asdict(self), "thresholds": [asdict(t) for t in self.thresholds]}


_COMPARE = "Compare with the rules in a manifest.json."


def rules_from_json(plain: Mapping[str, Any]) -> Rules:
    """The inverse of `Rules.to_json`; raises `RulesError` naming what is unknown."""
    if not isinstance(plain, Mapping):
        raise RulesError("The rules do not read: they should be a mapping of names.", _COMPARE)
    if plain.get("version", 1) != 1:
        raise RulesError(f"Rules of version {plain['version']!r}.", "A newer version made them: update Chaffinch.")
    try:
        rules: Rules = validated({k: v for k, v in plain.items() if k != "version"}, Rules)
    except ValidationError as error:
        raise RulesError(f"The rules do not read: {error}", _COMPARE) from None
    return rules


@dataclass(frozen=True, eq=False)
class Outcome:
    """What rules and decisions do to each of the N rows: the one answer for screen, command line and export."""

    kept: Bool[np.ndarray, " example"]
    source_code: UInt8[np.ndarray, " example"]  # into SOURCES: who decided the row
    reason_bits: UInt[np.ndarray, " example"]  # bit b set = reason_names[b] applies
    reason_names: tuple[str, ...]  # fixed codes such as "el2n_above", "class_floor", "manual_drop"
    duplicate_of: Int32[np.ndarray, " example"]  # the row that stays in this row's place, -1 if none
    composite: Float32[np.ndarray, " example"]  # NaN where no score applies
    order: Int64[np.ndarray, " example"]  # rows, first to go first, ties broken by id
    threshold: Float32[np.ndarray, " example"]  # the composite (or score) cut that decided the row, NaN if none
    margin: Float32[np.ndarray, " example"]  # distance from that cut, positive = kept side
    label_final: Int64[np.ndarray, " example"]
    lost: Int64[np.ndarray, " class"]  # dropped rows of each given label
    class_cut: Float32[np.ndarray, " class"]  # the composite where floor or cap of a class hold its rows back, or NaN
    warnings: tuple[str, ...] = ()
    coverage: Float32[np.ndarray, " example"] | None = None  # share of the weighted groups present
    near_duplicates: NearDuplicates | None = None  # what a person is asked about; nothing of it was applied

    @cached_property
    def rank(self) -> Int64[np.ndarray, " example"]:
        """1 = first to go: the inverse of `order`."""
        return inverse_order(self.order)

    @cached_property
    def source(self) -> Shaped[np.ndarray, " example"]:
        """A Source as text for each row; 36 bytes a row, so what counts, compares or shows a few rows does without."""
        return self.source_of(slice(None))

    def source_of(self, rows: Any) -> Shaped[np.ndarray, " row"]:
        """A Source as text for each of these rows (numbers, a slice or a mask)."""
        return np.array([source.value for source in SOURCES])[self.source_code[rows]]

    def decided_by(self, row: int) -> Source:
        """Who decided one row."""
        return SOURCES[int(self.source_code[row])]

    def came_from(self, *sources: Source) -> Bool[np.ndarray, " example"]:
        """Rows that one of these decided."""
        return np.isin(np.arange(len(SOURCES)), [SOURCES.index(s) for s in sources])[self.source_code]

    def reasons(self, row: int) -> tuple[str, ...]:
        """The codes that apply to one row, in the order of `reason_names`."""
        bits = int(self.reason_bits[row])
        return tuple(name for bit, name in enumerate(self.reason_names) if bits >> bit & 1)

    @property
    def counts(self) -> dict[str, int]:
        """Kept and dropped rows."""
        kept = int(np.count_nonzero(self.kept))
        return {"kept": kept, "dropped": len(self.kept) - kept, "rows": len(self.kept)}


@dataclass(frozen=True, eq=False)
class Step:
    """One decision on some rows, with the outcome before and after it under the same rules.

    decisions_before: id -> what was decided on it until then.
    """

    rows: Integer[np.ndarray, " row"]
    change: Change
    before: Outcome
    after: Outcome
    decisions_before: Mapping[str, Decision]
