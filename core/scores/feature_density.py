"""Feature density: how much of a text is found nowhere else in the data.

    feature_density_i = share of the n-gram occurrences of text i that are hapaxes (occur once in all texts together)

Range [0, 1]. The density of a whole corpus is its distinct features over all feature occurrences, an estimate of how
complex a dataset is before any training; hapaxes are what each example adds to it. High: rare words, names, other
languages, garbled text. It falls as a corpus grows (the same texts twice: half), so slices (classes, splits, and groups
where there are some) are compared at an equal number of features (in the details of the score). Neither end speaks for
a goal: it stays out of all of them. Held-out texts count: a word that one of them shares is no hapax. Fails: very short
texts take few values. Eronen et al. 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np
from jaxtyping import Float64, Integer, Shaped

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.text_features import FlatFeatures, flatten, words, words_and_marks
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_DRAWS = 5  # one draw alone depends on which occurrences it took
_SHOWN_SLICES = 30  # a longer list is none for people


@dataclass(frozen=True)
class FeatureDensityParams:
    """Settings of the feature density."""

    n_grams: int = param(1, label="Longest n-gram", low=1, high=5, help="1 counts words, 2 also pairs of words.")
    marks: bool = param(False, label="Count punctuation", help="Runs of marks count as words.")


def density(features: Integer[np.ndarray, " occurrence"]) -> float:
    """Distinct features over all occurrences, in (0, 1]; 0.0 without any."""
    return len(np.unique(features)) / len(features) if len(features) else 0.0


def density_at(features: Integer[np.ndarray, " occurrence"], size: int, rng: np.random.Generator) -> float:
    """Density of `size` occurrences drawn without replacement, mean over a few draws: comparable between corpora."""
    return float(np.mean([density(rng.choice(features, size, replace=False)) for _ in range(_DRAWS)]))


def hapax_share(flat: FlatFeatures) -> Float64[np.ndarray, " example"]:
    """[texts] float64 share of each text's occurrences that occur once in all texts; NaN for a text without any."""
    once = (np.bincount(flat.features) == 1)[flat.features]
    total = flat.per_text()
    return np.divide(flat.per_text(once.astype(np.float64)), total, out=np.full(flat.count, np.nan), where=total > 0)


def _compute(inputs: ScoreInputs, params: FeatureDensityParams, progress: Progress) -> ScoreResult:
    texts, places = inputs.texts, count()
    split = words_and_marks if params.marks else words
    flat = flatten(texts, split, params.n_grams, lambda gram: next(places), progress, "Feature density")
    values = hapax_share(flat)
    empty = int(np.isnan(values).sum())
    length = float(np.median(flat.per_text()))
    whole = density(flat.features)
    meta = {"corpus_density": whole, "features": len(flat.features), **_slices(inputs, flat)}
    text = f"Half of the texts have {length:.0f} features or fewer; the density of the corpus is {whole:.3f}."
    return ScoreResult(
        values.astype(np.float32),
        undefined={"text without words": empty} if empty else {},
        checks=(AssumptionCheck(Light.GREEN if length >= 10 else Light.AMBER, text, "length"),),
        meta=meta,
    )


def _slices(inputs: ScoreInputs, flat: FlatFeatures) -> dict:
    """Density of each class, split and group at the number of features that the smallest of its kind has."""
    examples = inputs.examples
    kinds = {"class": np.array([*examples.class_names, ""], dtype=object)[examples.labels], "split": examples.splits}
    if examples.groups is not None:
        kinds["group"] = examples.groups
    densities: dict = {}
    for kind, names in kinds.items():
        densities |= slice_density(flat, np.asarray(names).astype(str), kind, inputs.rng)
    return densities


def slice_density(
    flat: FlatFeatures, names: Shaped[np.ndarray, " example"], kind: str, rng: np.random.Generator
) -> dict:
    """{<kind>_density: name -> density, <kind>_density_at: features} of texts called `names` [texts]; "" is no slice.

    Empty with fewer than two slices, or with more than people look at.
    """
    own = names[flat.row]
    present, sizes = np.unique(own[own != ""], return_counts=True)
    if not 2 <= len(present) <= _SHOWN_SLICES:
        return {}
    size = int(sizes.min())
    densities = {str(name): round(density_at(flat.features[own == name], size, rng), 4) for name in present}
    return {f"{kind}_density": densities, f"{kind}_density_at": size}


FEATURE_DENSITY = ScoreMethod(
    name="feature_density",
    title="Feature density",
    summary="How much of a text is found nowhere else in the data.",
    paper=Paper(
        "Eronen et al.",
        2021,
        "Improving Classifier Training Efficiency for Automatic Cyberbullying Detection with Feature Density",
        "https://arxiv.org/abs/2111.01689",
    ),
    params=FeatureDensityParams,
    group=Group.DENSITY,
    direction=Direction.NEUTRAL,
    inspect_first="highest",
    orientation=orient(),
    needs=(Signal.TEXTS,),
    compute=_compute,
    range="0 to 1",
    high_means="Many words that no other text has: names, other languages, garbled text.",
    low_means="Only words that other texts use too.",
    cost="One pass over the words; no training.",
    needs_labels=False,
)
