"""module:factory: the person's own code makes the network; with weights it is scored at them, else trained here."""

from __future__ import annotations

from core.models.own_code import known_or_located
from core.types.examples import Modality
from core.types.model_names import is_own_code
from core.types.models import Ability, ModelFacts
from core.types.runs import TrainingSpec

from .built_in import size_of_last
from .source import ModelSource

_FINISHED = "with weights, or epochs 0, it is scored as it is"


def describe(training: TrainingSpec) -> ModelFacts:
    """Where the code is and what it may be asked; nothing of it is run. Raises `ModelError` where it is not found."""
    consent = known_or_located(training.model)
    finished = training.as_it_is
    gives = tuple(ability for ability in FACTORY.gives if not (finished and ability is Ability.TRAINING))
    layers, parameters = size_of_last(training)
    return ModelFacts(
        name=training.model,
        source=FACTORY.name,
        what=f"your own code in {consent.file} (sha256 {consent.sha256[:12]}…); it was not run to look at it",
        input="images at a size and normalization that are told, or columns",
        layers=layers,
        parameters=parameters,
        moments=len(training.weights) or int(training.never_trained),
        gives=gives,
        cannot={
            **({Ability.TRAINING.value: _FINISHED} if finished else {}),
            **{ability.value: why for ability, why in FACTORY.cannot.items()},
        },
    )


FACTORY = ModelSource(
    name="factory",
    title="Your own code",
    summary="module:factory, allowed on a command line; factory(), factory(classes) or factory(shape, classes).",
    sniff=is_own_code,
    describe=describe,
    modalities=(Modality.IMAGE, Modality.TABLE),
    gives=(Ability.PROBABILITIES, Ability.LOGITS, Ability.FEATURES, Ability.GRADIENTS, Ability.TRAINING),
    cannot={Ability.EMBEDDING: "record it: --embeddings FILE"},
    refuses="texts; code that nobody allowed on this machine, or that changed since; a network whose last layer is not "
    "Linear; weights that do not fit it (module., model. and backbone. before every name are left off)",
)
