"""scikit-learn classifiers, for scores that read nothing but out-of-fold probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.types.examples import Modality
from core.types.params import param

from .family import InputShape, ModelFamily

_ALL = (Modality.IMAGE, Modality.TEXT, Modality.TABLE, Modality.TRACE)


@dataclass(frozen=True)
class LogisticParams:
    """Settings of logistic regression."""

    inverse_penalty: float = param(1.0, label="C", low=1e-6, high=1e6, help="Inverse of the L2 penalty.")


@dataclass(frozen=True)
class BoostingParams:
    """Settings of gradient boosting."""

    rounds: int = param(150, label="Rounds", low=1, high=5000, help="Trees per class.")
    learning_rate: float = param(0.1, label="Learning rate", low=1e-4, high=1.0)


@dataclass(frozen=True)
class ForestParams:
    """Settings of the random forest."""

    trees: int = param(200, label="Trees", low=1, high=10000)


def _logistic(shape: InputShape, classes: int, params: LogisticParams, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=params.inverse_penalty, max_iter=1000, random_state=seed)


def _boosting(shape: InputShape, classes: int, params: BoostingParams, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=params.rounds, learning_rate=params.learning_rate, early_stopping=False, random_state=seed
    )


def _forest(shape: InputShape, classes: int, params: ForestParams, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=params.trees, min_samples_leaf=2, random_state=seed, n_jobs=1)


ESTIMATOR_FAMILIES = (
    ModelFamily(
        name="logistic_regression",
        title="Logistic regression",
        summary="scikit-learn, probabilities only",
        params=LogisticParams,
        build=_logistic,
        modalities=_ALL,
        probabilities_only=True,
    ),
    ModelFamily(
        name="gradient_boosting",
        title="Gradient boosting",
        summary="scikit-learn histogram trees, probabilities only",
        params=BoostingParams,
        build=_boosting,
        modalities=(Modality.TABLE, Modality.TRACE),
        probabilities_only=True,
    ),
    ModelFamily(
        name="random_forest",
        title="Random forest",
        summary="scikit-learn, probabilities only",
        params=ForestParams,
        build=_forest,
        modalities=(Modality.TABLE, Modality.TRACE),
        probabilities_only=True,
    ),
)
