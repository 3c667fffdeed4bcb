"""What each source of a run's evidence can give: the inputs, what was recorded elsewhere, the model trained or visited.

Plans and refusals ask these statements, and nothing about kinds of models or data.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.models import model_named
from core.models.sources import SOURCES, ModelSource, is_predicted, source_of
from core.types.evidence import EvidenceStatement, GivenEvidence
from core.types.examples import ExampleTable, Modality
from core.types.models import Ability
from core.types.recorded import RecordedFiles
from core.types.runs import RunSpec, TrainingSpec
from core.types.signals import Signal, Source, listed

_OF_FILES = {
    "logits": Signal.LOGITS,
    "probabilities": Signal.OUT_OF_FOLD,
    "embeddings": Signal.EMBEDDING,
    "features": Signal.FEATURES,
}


def evidence_of(spec: RunSpec, examples: ExampleTable | None, given: GivenEvidence | None) -> EvidenceStatement:
    """Everything that a run of `spec` has or can make; without examples only the settings are looked at."""
    recorded = of_recorded(spec.recorded, given, examples)
    modality = examples.modality if examples is not None else Modality(spec.modality) if spec.modality else None
    if modality is Modality.TRACE:
        return recorded
    made = of_model(spec.training, modality, examples)
    if Signal.LOGITS in recorded.gives:
        made = beside_recorded_logits(made, is_predicted(spec.training.model))
    return recorded.beside(of_inputs(modality)).beside(made)


def of_recorded(
    files: RecordedFiles, given: GivenEvidence | None, examples: ExampleTable | None = None
) -> EvidenceStatement:
    """What was recorded elsewhere: as it was read, or before that by the files that were named.

    Held-out rows judge the layer that recorded features went through: no network needs to leave a fold out.
    """
    named = EvidenceStatement(frozenset(_OF_FILES[kind] for kind, _ in files.paths() if kind in _OF_FILES))
    states = named if given is None else given.states()
    if Signal.FEATURES not in states.gives:
        return states
    if examples is None or len(examples.held_out_rows):
        return states.beside(EvidenceStatement(frozenset({Signal.FOLD_MODELS})))
    why = "needs held-out rows (--split): your network is scored as it was recorded, and left no fold out here"
    return states.beside(EvidenceStatement(why_not={Signal.FOLD_MODELS: why}))


def of_inputs(modality: Modality | None) -> EvidenceStatement:
    """What the examples give without a model."""
    every = frozenset(signal for signal in Signal if signal.of_inputs_alone)
    if modality in (Modality.TEXT, None):
        return EvidenceStatement(every)
    return EvidenceStatement(*_split(every, {Signal.TEXTS: f"needs texts: these examples are of the kind {modality}"}))


def of_model(training: TrainingSpec, modality: Modality | None, examples: ExampleTable | None) -> EvidenceStatement:
    """What the model of a run gives, trained here or scored as it is."""
    trained = frozenset(signal for signal in Signal if signal.facts.source is not Source.INPUTS)
    if modality is not None and gives_only_probabilities(training, modality):
        why = f"needs a network: {training.model} gives probabilities only"
        return EvidenceStatement(*_split(trained, {signal: why for signal in trained if signal.facts.of_network}))
    if is_predicted(training.model):
        return _of_predicted(source_of(training.model), modality)
    missing = _beyond_abilities(training) if training.brought else {}
    missing |= _not_of_finished(modality, examples) if training.as_it_is else {}
    if training.is_linear_head:
        why = "needs a network with hidden layers: the gradient of a linear head is the same for all rows of a class"
        missing[Signal.INPUT_GRADIENT_SPREAD] = why
    return EvidenceStatement(*_split(trained, missing), moments=kept_checkpoints(training), epochs=_moments(training))


def _beyond_abilities(training: TrainingSpec) -> dict[Signal, str]:
    """What the source of a model that was brought says it cannot give. What further trainings give is asked elsewhere:
    out-of-fold probabilities of texts and tables come from another model.
    """
    source = next((one for one in SOURCES if one.sniff(training.model)), None)
    if source is None:  # gone since: whoever opens it says so
        return {}
    lacking = [ability for ability in Ability if ability not in source.gives and ability is not Ability.TRAINING]
    return {
        signal: f"needs {signal.words}: {source.cannot.get(ability, f'{source.title} has none')}"
        for ability in lacking
        for signal in ability.signals
        if signal.at_checkpoints
    }


def _of_predicted(source: ModelSource, modality: Modality | None) -> EvidenceStatement:
    """What a model gives that is only asked for its outputs; labels of tables are judged by a model trained here."""
    gives = frozenset(signal for ability in source.gives for signal in ability.signals)
    if modality is Modality.IMAGE:
        gives -= {Signal.OUT_OF_FOLD}
    why = {signal: reason for ability, reason in source.cannot.items() for signal in ability.signals - gives}
    return EvidenceStatement(gives, {s: f"{source.title}: {reason}" for s, reason in why.items()}, moments=1, epochs=1)


def _split(signals: Iterable[Signal], missing: dict[Signal, str]) -> tuple[frozenset[Signal], dict[Signal, str]]:
    return frozenset(signals) - missing.keys(), missing


def _not_of_finished(modality: Modality | None, examples: ExampleTable | None) -> dict[Signal, str]:
    """What an own network that is scored as it is cannot give: nothing of it is trained, so no row was left out."""
    further = "needs further trainings: your network is scored as it is, and not trained here"
    missing = {Signal.THRESHOLD_SAMPLES: further}
    if modality is Modality.IMAGE:
        missing[Signal.OUT_OF_FOLD] = further
    if examples is not None and not len(examples.held_out_rows):
        words = "needs held-out rows, or trainings that leave rows out: your network is scored as it is"
        missing[Signal.FOLD_MODELS] = words
    return missing


def beside_recorded_logits(made: EvidenceStatement, same_model: bool = False) -> EvidenceStatement:
    """Of the model that would be trained here only what judges labels from outside: another network's gradients would
    be told as if they were those of the one that was recorded. same_model: it is the one that gave the logits, and
    says itself what it cannot give.
    """
    left = frozenset({Signal.OUT_OF_FOLD})
    others = {signal: _not_recorded(signal) for signal in Signal if signal not in left and not signal.of_inputs_alone}
    own = {signal: why for signal, why in made.why_not.items() if same_model or signal in left}
    return EvidenceStatement(made.gives & left, {**others, **own})


def why_missing(needs: frozenset[Signal], has: EvidenceStatement) -> str:
    """One line on what a score lacks and which source would give it; empty where nothing is missing."""
    missing = needs - has.gives
    known = next((has.why_not[signal] for signal in Signal if signal in missing and signal in has.why_not), "")
    if known or not missing:
        return known
    return _not_recorded(*missing)


def _not_recorded(*missing: Signal) -> str:
    sources = "; ".join(dict.fromkeys(s.facts.comes_from for s in sorted(missing) if s.facts.comes_from))
    return f"needs {listed(missing)}: not among what was recorded" + (f" (from {sources})" if sources else "")


def kept_checkpoints(training: TrainingSpec) -> int:
    """How many moments this training keeps; a model's own number of epochs is never what limits it."""
    moments = _moments(training)
    return training.checkpoints if moments is None else min(training.checkpoints, moments)


def _moments(training: TrainingSpec) -> int | None:
    """Epochs, or weights of a series, that are seen; None where the model's own number of epochs holds."""
    return len(training.weights) or (1 if training.as_it_is else training.epochs)


def gives_only_probabilities(training: TrainingSpec, modality: Modality) -> bool:
    """Whether the chosen model is a scikit-learn one, which leaves no trace of training."""
    if training.brought:
        return False
    return model_named(training.model, modality, encoder=training.encoder).probabilities_only
