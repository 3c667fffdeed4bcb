"""Our own networks and scikit-learn's estimators: trained here, or visited at weights of the same architecture."""

from __future__ import annotations

from pathlib import Path

from core.models import AUTO, MODELS
from core.models.uploaded import read_state_dict
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.model_names import is_place
from core.types.models import Ability, ModelFacts
from core.types.registry import find
from core.types.runs import TrainingSpec

from .source import ModelSource

_ONLY_PROBABILITIES = "a scikit-learn model leaves no trace of its training"


def sniff(model: str) -> bool:
    """A registered name, or auto."""
    return ":" not in model and not is_place(model)


def size_of_last(training: TrainingSpec) -> tuple[int, int]:
    """(layers, parameters) in the last file of weights; (0, 0) without any. Raises `ModelError` for other files."""
    if not training.weights:
        return 0, 0
    from .counting import parameters_of

    return parameters_of(read_state_dict(Path(training.weights[-1])))


def describe(training: TrainingSpec) -> ModelFacts:
    """What the registry says; layers and parameters where weights are given. Raises `ModelError` for other names."""
    family = AUTO if training.model == AUTO.name else find(training.model, MODELS, "model", ModelError)
    only_probabilities = getattr(family, "probabilities_only", False)
    kinds = [kind.value for kind in getattr(family, "modalities", ()) if kind is not Modality.TRACE]
    layers, parameters = size_of_last(training)
    lacks = {ability for ability in BUILT_IN.gives if only_probabilities and ability not in _OF_ESTIMATORS}
    return ModelFacts(
        name=training.model,
        source=BUILT_IN.name,
        what=f"{family.title}: {family.summary.rstrip('.')}",
        input=f"examples of the kind {' or '.join(kinds)}" if kinds else "any examples",
        layers=layers,
        parameters=parameters,
        moments=len(training.weights),
        gives=tuple(ability for ability in BUILT_IN.gives if ability not in lacks),
        cannot={
            **{ability.value: _ONLY_PROBABILITIES for ability in lacks},
            **{ability.value: why for ability, why in BUILT_IN.cannot.items()},
        },
    )


_OF_ESTIMATORS = (Ability.PROBABILITIES, Ability.TRAINING)
BUILT_IN = ModelSource(
    name="built_in",
    title="Built-in model",
    summary="Trained here from nothing; a network also at your own weights of the same architecture.",
    sniff=sniff,
    describe=describe,
    modalities=(Modality.IMAGE, Modality.TEXT, Modality.TABLE, Modality.TRACE),
    gives=(Ability.PROBABILITIES, Ability.LOGITS, Ability.FEATURES, Ability.GRADIENTS, Ability.TRAINING),
    cannot={Ability.EMBEDDING: "the inputs themselves give one, or a file: --embeddings"},
    refuses="weights of another architecture, and any file of weights that holds more than tensors",
)
