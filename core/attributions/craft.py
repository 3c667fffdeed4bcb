"""CRAFT: concepts that a network knows, found in crops of the training images of one class."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.types.attributions import Attribution, Concept
from core.types.errors import CurationError, ModelError
from core.types.examples import Modality
from core.types.methods import Paper
from core.types.params import param

from .method import AttributionMethod, Explained, target_param
from .parts import ImageParts
from .sobol import total_indices

if TYPE_CHECKING:
    from .crops import Cropping

FEWEST_IMAGES, SHOWN_CROPS = 4, 4
_APART = 0.8  # of the side of a crop, as published


@dataclass(frozen=True)
class CraftParams:
    """Settings of CRAFT."""

    target: str = target_param()
    concepts: int = param(6, label="Concepts", low=2, high=50, help="How many directions the activations become.")
    patch: float = param(0.4, label="Crop (share of the side)", low=0.1, high=0.9)
    images: int = param(64, label="Images of the class", low=FEWEST_IMAGES, high=1000)
    designs: int = param(128, label="Sobol designs", low=8, high=4096, help="Rounded up to a power of two.")
    show: int = param(0, label="Heat map of concept", low=0, high=50, help="Its number; 0: all of them together.")


@dataclass(frozen=True, eq=False)
class ConceptBank:
    """The concepts of one class.

    directions [k, d]: activations of each concept at strength 1. strengths [n, k]: of whole images. importance,
    error [k]: mean total Sobol index over those images and its standard error. crops: where each is strongest.
    left_out: share of the crops' activations (squared) that the concepts do not tell.
    """

    directions: np.ndarray
    strengths: np.ndarray
    importance: np.ndarray
    error: np.ndarray
    crops: tuple[tuple[tuple[int, int, int, int], ...], ...]
    left_out: float


def explain_by_craft(about: Explained, params: CraftParams) -> Attribution:
    """Non-negative factors of crop activations (A ~ U W) as concepts; how much of each is where in this image.

    values [H, W]: what the concepts found in the crops that cover a pixel add to the target's logit, averaged over
    those crops; only concept `show` unless that is 0. concepts: the most important first, by the total Sobol index of
    multiplying its strength with a random factor, averaged over images of the class. No additivity is promised: crops
    overlap and the concepts leave part of the activations out. Concepts are named by number: look at their crops.
    Raises `CurationError` when `show` is more than there are concepts.
    """
    from .crops import activations, logits_of
    from .question import ask

    parts = _image_parts(about)
    question = ask(about, params.target)
    bank = _bank(about, parts, params, question.target)
    k = len(bank.directions)
    if params.show > k:
        raise CurationError(f"There is no concept {params.show}; {k} were found.", f"Choose 1 to {k}, or 0 for all.")
    per_unit, base = _effects(
        logits_of(about.model, np.vstack([np.zeros_like(bank.directions[:1]), bank.directions])), question.target
    )
    fine = _cropping(parts, params.patch, overlap=True)
    strengths = transform(activations(about.model, fine.cut(about.example)), bank.directions)
    whole = transform(activations(about.model, about.example), bank.directions)[0]
    shown = per_unit * (np.arange(1, k + 1) == params.show if params.show else 1)
    values = fine.spread(strengths @ shown)
    notes = (
        f"{k} concepts in crops of {len(bank.strengths)} training images of this class; they leave "
        f"{bank.left_out:.0%} of the crops' activations out.",
    )
    return Attribution(
        CRAFT.name,
        about.class_names[question.target],
        values.astype(np.float32),
        (),
        base,
        question.output,
        None,
        notes=notes,
        concepts=_profile(bank, whole, whole * per_unit),
        size=(parts.height, parts.width),
    )


def _image_parts(about: Explained) -> ImageParts:
    if not isinstance(about.parts, ImageParts) or about.of_class is None:
        raise ModelError("CRAFT looks at crops of images.", "Use another method.")
    return about.parts


def _effects(logits: np.ndarray, target: int) -> tuple[np.ndarray, float]:
    """([k] change of the target's logit by each direction, the logit of no concept at all) of logits [1 + k, C]."""
    return logits[1:, target] - logits[0, target], float(logits[0, target])


def _cropping(parts: ImageParts, share: float, overlap: bool = False) -> Cropping:
    from .crops import Cropping

    side = min(max(2, round(share * min(parts.height, parts.width))), parts.height, parts.width)
    stride = side // 4 if overlap else round(_APART * side)
    return Cropping(parts.height, parts.width, side, max(1, stride))


def _bank(about: Explained, parts: ImageParts, params: CraftParams, target: int) -> ConceptBank:
    key = ("craft", target, params.concepts, params.patch, params.images, params.designs)
    if key not in about.memory:
        assert about.of_class is not None  # noqa: S101 - seen by `_image_parts`
        rows, images = about.of_class(target, params.images)
        if len(rows) < FEWEST_IMAGES:
            raise ModelError(
                f"Only {len(rows)} training images of {about.class_names[target]!r} are there.",
                f"Concepts need at least {FEWEST_IMAGES}. Use occlusion.",
            )
        about.memory[key] = find_concepts(
            about.model, rows, images, _cropping(parts, params.patch), target, params, about.seed
        )
    return about.memory[key]


def find_concepts(
    network: Any, rows: np.ndarray, images: Any, cropping: Cropping, target: int, params: CraftParams, seed: int
) -> ConceptBank:
    """The concepts of images [n, C, H, W], the most important first; rows [n] name them."""
    from .crops import activations

    features = activations(network, cropping.cut(images))
    strengths, directions = factorize(features, params.concepts, seed)
    left_out = float(((features - strengths @ directions) ** 2).sum() / max((features**2).sum(), 1e-12))
    whole = transform(activations(network, images), directions)
    indices = _importances(network, whole, directions, target, params.designs, seed)
    order = np.argsort(-indices.mean(axis=0), kind="stable")
    error = indices.std(axis=0, ddof=1) / np.sqrt(len(indices))
    crops = tuple(_strongest(strengths[:, j], rows, cropping) for j in order)
    return ConceptBank(directions[order], whole[:, order], indices.mean(axis=0)[order], error[order], crops, left_out)


def _importances(
    network: Any, strengths: np.ndarray, directions: np.ndarray, target: int, designs: int, seed: int
) -> np.ndarray:
    """[n, k] total Sobol index of each concept for each image: its strength times a factor from [0, 1]."""
    from .crops import logits_of

    def logits(factors: np.ndarray) -> np.ndarray:
        columns = [logits_of(network, (factors * own) @ directions)[:, target] for own in strengths]
        return np.stack(columns, axis=1)

    return total_indices(logits, len(directions), 2 ** int(np.ceil(np.log2(designs))), seed)


def factorize(features: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative (strengths [n, k], directions [k, d]), features ~ strengths @ directions; k <= min(count, n, d)."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    solver = NMF(min(count, *features.shape), init="nndsvda", max_iter=400, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what is left out is told to the person as a share
        return solver.fit_transform(features), solver.components_


def transform(features: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """[n, k] non-negative strengths of fixed directions in activations [n, d], by least squares."""
    from scipy.optimize import nnls

    return np.stack([nnls(directions.T, row)[0] for row in features])


def _strongest(strengths: np.ndarray, rows: np.ndarray, cropping: Cropping) -> tuple[tuple[int, int, int, int], ...]:
    """(row, top, left, side) of the crops with most of a concept, at most one of each image."""
    corners = cropping.corners
    per_image = strengths.reshape(len(rows), len(corners))
    best = per_image.argmax(axis=1)
    order = np.argsort(-per_image.max(axis=1), kind="stable")[:SHOWN_CROPS]
    return tuple((int(rows[i]), *corners[best[i]], cropping.side) for i in order if per_image[i].max() > 0)


def _profile(bank: ConceptBank, own: np.ndarray, contribution: np.ndarray) -> tuple[Concept, ...]:
    below = (bank.strengths < own).mean(axis=0) * 100
    return tuple(
        Concept(
            f"concept {j + 1}",
            float(bank.importance[j]),
            float(bank.error[j]),
            float(own[j]),
            float(below[j]),
            float(contribution[j]),
            bank.crops[j],
        )
        for j in range(len(own))
    )


CRAFT = AttributionMethod(
    name="craft",
    title="CRAFT concepts",
    summary="What the network knows of the class, found in crops of its images, and where this image has it.",
    paper=Paper(
        "Fel, Picard, Bethune, Boissin, et al.",
        2023,
        "CRAFT: Concept Recursive Activation FacTorization",
        "https://arxiv.org/abs/2211.10154",
    ),
    params=CraftParams,
    compute=explain_by_craft,
    modalities=(Modality.IMAGE,),
    for_networks=True,
    others=2,
)
