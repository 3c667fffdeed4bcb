"""What a score may ask for, and what is true of each: plan, training, pass and self test read it here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum


class Source(Enum):
    """Where a signal comes from."""

    INPUTS = "the inputs alone: nothing is trained"
    CHECKPOINTS = "passes over the data at checkpoints of the training"
    FOLDS = "models that each left a fold of the rows out"
    MORE_TRAININGS = "trainings beside that of the run"


@dataclass(frozen=True)
class SignalFacts:
    """What is true of a signal.

    array: its shape and meaning. of_network: no scikit-learn model can give it. every_epoch: taken at the end of every
    epoch, not only where a checkpoint is kept. least_checkpoints: how many one value needs. costly: more than the short
    trainings of a self test take. comes_from: who could give it, for a person who lacks it.
    """

    array: str
    source: Source
    of_network: bool = True
    every_epoch: bool = False
    least_checkpoints: int = 1
    costly: bool = True
    comes_from: str = ""


class Signal(StrEnum):
    """What a score may ask the shared pass for. The run takes the union of what the asked-for scores need, once."""

    facts: SignalFacts

    def __new__(cls, value: str, facts: SignalFacts) -> Signal:
        """A member is its value, as in any StrEnum, and carries its facts."""
        signal = str.__new__(cls, value)
        signal._value_ = value
        signal.facts = facts
        return signal

    LOGITS = (
        "logits",
        SignalFacts(
            "[S, T, N, C] end of every epoch, eval mode",
            Source.CHECKPOINTS,
            comes_from="a network trained here, checkpoints of your own (--weights) or --logits",
            every_epoch=True,
            costly=False,
        ),
    )
    FEATURES = (
        "features",
        SignalFacts(
            "[N, d] penultimate activations at each kept checkpoint",
            Source.CHECKPOINTS,
            comes_from="a network trained here, checkpoints of your own (--weights) or --last-features beside --logits",
        ),
    )
    GRADIENT_NORM = (
        "gradient_norm",
        SignalFacts(
            "[N] norm of the loss gradient over all parameters, each kept checkpoint",
            Source.CHECKPOINTS,
            comes_from="a network trained here or checkpoints of your own (--weights)",
        ),
    )
    INPUT_GRADIENT_SPREAD = (
        "input_gradient_spread",
        SignalFacts(
            "[N] mean over inputs of std over checkpoints of dz_y/dx",
            Source.CHECKPOINTS,
            comes_from="a network trained here or checkpoints of your own (--weights)",
            least_checkpoints=2,
        ),
    )
    OUT_OF_FOLD = (
        "out_of_fold",
        SignalFacts(
            "[N, C] probabilities from models that did not see the row",
            Source.FOLDS,
            comes_from="a model trained here or --probabilities",
            of_network=False,
            costly=False,
        ),
    )
    FOLD_MODELS = (
        "fold_models",
        SignalFacts(
            "features and head of cross-fitted networks",
            Source.FOLDS,
            comes_from="held-out rows (--split) or a network trained here",
        ),
    )
    EMBEDDING = (
        "embedding",
        SignalFacts(
            "[N, d] label-free vector of each input",
            Source.INPUTS,
            comes_from="the inputs themselves or --embeddings",
            of_network=False,
            costly=False,
        ),
    )
    TEXTS = (
        "texts",
        SignalFacts(
            "[N] the examples themselves, where they are texts",
            Source.INPUTS,
            comes_from="examples that are texts",
            of_network=False,
        ),
    )
    THRESHOLD_SAMPLES = (
        "threshold_samples",
        SignalFacts(
            "two trainings with some rows relabeled to an extra class",
            Source.MORE_TRAININGS,
            comes_from="a network trained here",
        ),
    )

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return self.value.replace("_", " ")

    @property
    def of_inputs_alone(self) -> bool:
        """Nothing is trained for it."""
        return self.facts.source is Source.INPUTS

    @property
    def at_checkpoints(self) -> bool:
        """A pass over the data at a checkpoint takes it."""
        return self.facts.source is Source.CHECKPOINTS

    @property
    def of_each_checkpoint(self) -> bool:
        """Whether each kept checkpoint has its own values of it, besides the logits."""
        return self.at_checkpoints and not self.facts.every_epoch and self.facts.least_checkpoints == 1


def trained_for(signals: Iterable[Signal]) -> frozenset[Signal]:
    """Those that the inputs alone do not give."""
    return frozenset(signal for signal in signals if not signal.of_inputs_alone)


def gathered(signals: Iterable[Signal]) -> frozenset[Signal]:
    """Those that training the run's model gives, once over all rows and once for each fold."""
    return frozenset(signal for signal in signals if signal.facts.source in (Source.CHECKPOINTS, Source.FOLDS))


def with_logits(signals: Iterable[Signal]) -> frozenset[Signal]:
    """The same, and the logits where any is taken at checkpoints: they tell how well the networks fit."""
    every = frozenset(signals)
    return every | {Signal.LOGITS} if any(signal.at_checkpoints for signal in every) else every


def at_epoch(signals: Iterable[Signal], is_kept: bool) -> frozenset[Signal]:
    """Those that the pass after an epoch takes beside the logits: none where no checkpoint is kept."""
    return frozenset(signal for signal in signals if is_kept and signal.at_checkpoints and not signal.facts.every_epoch)


def at_checkpoints(signals: Iterable[Signal], checkpoints: int) -> frozenset[Signal]:
    """Those that passes at so many checkpoints of a finished network take."""
    return frozenset(s for s in signals if s.at_checkpoints and s.facts.least_checkpoints <= checkpoints)


def listed(signals: Iterable[Signal]) -> str:
    """Their names in a sentence, in alphabetical order."""
    return ", ".join(sorted(signal.words for signal in signals))
