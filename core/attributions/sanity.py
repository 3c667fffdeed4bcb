"""Whether an attribution may be believed: does it add up, and does it depend on what the model learned?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.types.attributions import Attribution
from core.types.scores import AssumptionCheck, Light

from .method import AttributionMethod, Explained

GAP_AMBER, GAP_RED = 0.05, 0.2  # of output - base
ALIKE_AMBER, ALIKE_RED = 0.3, 0.5  # rank correlation with models that know nothing
FEWEST_PARTS = 3  # of fewer a rank correlation is +1 or -1, whatever the method


def checks_of(
    method: AttributionMethod, about: Explained, settings: Any, strangers: Sequence[Any]
) -> tuple[AssumptionCheck, ...]:
    """Lights for this example's attribution; strangers: models like this one that have learned nothing."""
    attribution = method.compute(about, settings)
    gap = gap_check(attribution)
    return (*((gap,) if gap else ()), randomization_check(method, about, settings, attribution, strangers))


def gap_check(attribution: Attribution) -> AssumptionCheck | None:
    """Light for (sum of values) - (output - base), beside output - base; None where no additivity is promised."""
    if attribution.gap is None:
        return None
    explained = abs(attribution.output - attribution.base)
    share = abs(attribution.gap) / explained if explained else float(attribution.gap != 0)
    light = Light.RED if share > GAP_RED else Light.AMBER if share > GAP_AMBER else Light.GREEN
    words = (
        "adds up" if light == Light.GREEN else "does not quite add up" if light == Light.AMBER else "does not add up"
    )
    return AssumptionCheck(
        light, f"The attribution {words}: its parts miss the difference they explain by {share:.1%}.", "additivity"
    )


def randomization_check(
    method: AttributionMethod, about: Explained, settings: Any, attribution: Attribution, strangers: Sequence[Any]
) -> AssumptionCheck:
    """Two rank correlations with the attributions for models that learned nothing, each averaged over those models.

    Of the strengths |value|: near 1, WHERE the attribution is strong follows the input alone. Of the signed values:
    near 1, WHICH WAY it pushes does so, too, as an edge detector would, and it says nothing about this model. Both are
    0 on average for independent attributions, however few parts there are. Adebayo et al. 2018, "Sanity Checks for
    Saliency Maps".
    """
    same = replace(settings, target=attribution.target)
    alike = [
        _alike(attribution.values, method.compute(replace(about, model=other, memory={}), same).values)
        for other in strangers
        if attribution.values.size >= FEWEST_PARTS
    ]
    known = np.array([pair for pair in alike if pair is not None])
    if not len(known):
        return AssumptionCheck(
            Light.AMBER,
            "Too few parts differ in strength to tell whether the attribution depends on what the model learned.",
            "randomization",
        )
    where, way = known.mean(axis=0)
    light = Light.RED if way > ALIKE_RED else Light.AMBER if max(where, way) > ALIKE_AMBER else Light.GREEN
    of_whom = f"{len(known)} models with {'random weights' if method.for_networks else 'shuffled labels'}"
    words = {
        Light.GREEN: "The attribution depends on what the model learned",
        Light.AMBER: "Where the attribution is strong follows the input in part, which way it pushes was learned"
        if way <= ALIKE_AMBER
        else "The attribution shows in part the input alone",
        Light.RED: "The attribution shows the input, not what the model learned",
    }[light]
    return AssumptionCheck(
        light,
        f"{words}: its rank correlation with {of_whom} is {_written(known[:, 0])} for the "
        f"strengths and {_written(known[:, 1])} with signs (near 0 is good).",
        "randomization",
    )


def with_random_weights(network: Any, seed: int) -> Any:
    """The network itself, having forgotten what it may have learned: a person's factory can return a trained one.

    Modules draw their own as when they were made; weights of modules that cannot are shuffled within each tensor.
    """
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        drawn = [module for module in network.modules() if callable(getattr(module, "reset_parameters", None))]
        for module in drawn:
            module.reset_parameters()
        anew = {id(weight) for module in drawn for weight in module.parameters(recurse=False)}
        for weight in network.parameters():
            if id(weight) not in anew:
                weight.copy_(weight.flatten()[torch.randperm(weight.numel())].reshape(weight.shape))
    return network


def _written(correlations: np.ndarray) -> str:
    spread = f" ± {correlations.std(ddof=1) / np.sqrt(len(correlations)):.2f}" if len(correlations) > 1 else ""
    return f"{correlations.mean() + 0.0:.2f}{spread}"


def _alike(one: np.ndarray, other: np.ndarray) -> tuple[float, float] | None:
    """Spearman correlation of the strengths, and of the signed values; None where all are equally strong."""
    from scipy.stats import spearmanr

    one, other = one.ravel(), other.ravel()
    if np.ptp(np.abs(one)) == 0 or np.ptp(np.abs(other)) == 0:
        return None
    return float(spearmanr(np.abs(one), np.abs(other)).statistic), float(spearmanr(one, other).statistic)
