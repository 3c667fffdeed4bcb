"""Floor 2: the models of Chaffinch. `MODELS` is the only registration; importing it needs no torch."""

from __future__ import annotations

from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.methods import Method
from core.types.model_names import is_own_code
from core.types.registry import find

from .estimators import ESTIMATOR_FAMILIES
from .family import InputShape, ModelFamily, TrainingDefaults
from .network_families import NETWORK_FAMILIES

# Order here is order everywhere.
MODELS: tuple[ModelFamily, ...] = (*NETWORK_FAMILIES, *ESTIMATOR_FAMILIES)

AUTO = Method("auto", "Best fit for this data", "Chosen by kind of data.")
_AUTO = {Modality.IMAGE: "small_cnn", Modality.TEXT: "bow_mlp", Modality.TABLE: "mlp", Modality.TRACE: "mlp"}
HEAD = "linear_head"  # what "auto" puts on a frozen encoder
_WIDE = "wide_cnn"
_LARGE = 32  # pixels of the smaller side from which the small network fits too little


def model_named(name: str, modality: Modality, shape: InputShape | None = None, encoder: str = "") -> ModelFamily:
    """The family called `name` ("auto": the default of the modality, for images by the `shape` of an encoded one);
    `ModelError` when unknown or unfit.

    encoder: the frozen encoder whose vectors it reads, if any: then vectors are all that it need be able to read.
    """
    modality = Modality.TABLE if encoder else modality
    chosen = (HEAD if encoder else _default(modality, shape)) if name == AUTO.name else name
    if is_own_code(chosen):
        raise ModelError(
            f'"{chosen}" is code from outside Chaffinch. Nothing was run.',
            "Name it on the command line with run --model, or give the network itself to core.score.",
        )
    family = find(chosen, MODELS, "model", ModelError, also="module:factory")
    if modality not in family.modalities and modality is not Modality.TRACE:
        fit = ", ".join(f.name for f in MODELS if modality in f.modalities)
        what = f"the vectors of {encoder}" if encoder else f"{modality.value} examples"
        raise ModelError(f'Model "{chosen}" cannot read {what}.', f"Choose one of: {fit}.")
    return family


def families_of_auto(modality: Modality | None) -> tuple[ModelFamily, ...]:
    """What "auto" may stand for: in data of this kind, or in any where None."""
    names = [name for kind, name in _AUTO.items() if modality in (kind, None)]
    names += [_WIDE] if modality in (Modality.IMAGE, None) else []
    return tuple(family for family in MODELS if family.name in names)


def _default(modality: Modality, shape: InputShape | None) -> str:
    large = modality is Modality.IMAGE and shape is not None and min(shape.dims[1:]) >= _LARGE
    return _WIDE if large else _AUTO[modality]


def choices_for(modality: Modality, encoder: str = "") -> tuple[Method, ...]:
    """What a person may choose to train on such examples, or on the vectors that a frozen encoder gives of them: the
    automatic choice, then each family that reads them.
    """
    modality = Modality.TABLE if encoder else modality
    return (AUTO, *(family for family in MODELS if modality in family.modalities))


__all__ = [
    "AUTO",
    "HEAD",
    "MODELS",
    "InputShape",
    "ModelFamily",
    "TrainingDefaults",
    "choices_for",
    "families_of_auto",
    "model_named",
]
