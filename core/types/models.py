"""What a model that was made elsewhere says of itself, before it is used."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from .signals import Signal
from .validation import validated


class Ability(StrEnum):
    """What a model can give. Which scores that pays for follows from `signals`, whatever kind of model it is."""

    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    FEATURES = "features"
    GRADIENTS = "gradients"
    EMBEDDING = "embedding"
    TRAINING = "training"

    @property
    def words(self) -> str:
        """What a person reads."""
        return _WORDS[self]

    @property
    def signals(self) -> frozenset[Signal]:
        """What scores read of it."""
        return _SIGNALS[self]


_WORDS = {
    Ability.PROBABILITIES: "probabilities of each row",
    Ability.LOGITS: "logits at each checkpoint",
    Ability.FEATURES: "inputs of the last layer",
    Ability.GRADIENTS: "gradients of the loss and of the inputs",
    Ability.EMBEDDING: "an embedding",
    Ability.TRAINING: "trainings here: seeds, folds, self-test, full check",
}
_SIGNALS = {
    Ability.PROBABILITIES: frozenset({Signal.OUT_OF_FOLD}),
    Ability.LOGITS: frozenset({Signal.LOGITS}),
    Ability.FEATURES: frozenset({Signal.FEATURES}),
    Ability.GRADIENTS: frozenset({Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD}),
    Ability.EMBEDDING: frozenset({Signal.EMBEDDING}),
    Ability.TRAINING: frozenset({Signal.THRESHOLD_SAMPLES, Signal.FOLD_MODELS, Signal.OUT_OF_FOLD}),
}


@dataclass(frozen=True)
class Measured:
    """One batch of the data, timed. seconds: of all rows, one pass without gradients, reckoned from that batch.

    megabytes: most memory that this process took, libraries and weights among it.
    """

    rows: int
    of_rows: int
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class ModelFacts:
    """What a model is, what it wants and what it can give.

    source: the registered source that reads it. layers: those that have weights. classes: their names in the order of
    its outputs, () where it names none. class_count: its outputs, 0 where only a data set tells. data_classes: those
    of the data, in the order in which the outputs are taken for them, () without data. moments: checkpoints there are.
    gives, cannot: abilities, and why not. scores, without: names of the scores that the data and the model pay for, and
    of those that they do not, with the reason; () and {} without data.
    """

    name: str
    source: str
    what: str
    input: str = ""
    layers: int = 0
    parameters: int = 0
    classes: tuple[str, ...] = ()
    class_count: int = 0
    data_classes: tuple[str, ...] = ()
    moments: int = 0
    gives: tuple[Ability, ...] = ()
    cannot: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    without: dict[str, str] = field(default_factory=dict)
    measured: Measured | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `facts_from_json` gives the same facts back."""
        return asdict(self)


def facts_from_json(plain: dict[str, Any]) -> ModelFacts:
    """The inverse of `ModelFacts.to_json`. Raises `ValidationError` for anything else."""
    facts: ModelFacts = validated(plain, ModelFacts, "model")
    return facts
