"""The `model/` folder of a run: encoder, model card and weights, from which the network can be built again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.store.atomic import read_json, write_json, write_with
from core.store.checkpoints import read_weights, write_weights
from core.types.errors import ModelError
from core.types.params import params_from_dict
from core.types.trace import Checkpoint

from . import model_named
from .encoding import Encoder, load_encoder
from .family import InputShape

CARD = "model.json"
ESTIMATOR = "estimator.skops"
# What fitted estimators of ours hold beyond what skops vouches for (older versions of it vouch for less). By name, one
# by one: skops calls what a file names, and scikit-learn has functions that run what they are given as a script.
_HELD = frozenset(
    (
        "sklearn.tree._tree.Tree",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        *(f"sklearn._loss.link.{name}" for name in ("Interval", "HalfLogitLink", "LogitLink", "MultinomialLogit")),
        *(f"sklearn._loss.loss.{name}" for name in ("HalfBinomialLoss", "HalfMultinomialLoss")),
        *(f"sklearn._loss._loss.{name}" for name in ("CyHalfBinomialLoss", "CyHalfMultinomialLoss")),
    )
)
_SCORE_AGAIN = "Score again, or bring the run folder back as it was made."


@dataclass(frozen=True)
class ModelCard:
    """What is needed to build the network again. `family` is a registered name or "module:factory"."""

    family: str
    params: Mapping[str, Any]
    shape: InputShape
    class_names: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...] = ()
    estimator: str = ""  # name of the scikit-learn family in estimator.skops
    notes: tuple[str, ...] = field(default=())


def save_card(folder: Path, card: ModelCard, encoder: Encoder) -> None:
    """Write model.json and the encoder."""
    encoder.save(folder / "encoder")
    write_json(
        folder / CARD, {**asdict(card), "shape": {"modality": card.shape.modality.value, "dims": card.shape.dims}}
    )


def load_card(folder: Path) -> tuple[ModelCard, Encoder]:
    """What `save_card` wrote; raises `RunError` or `ModelError` naming what is missing."""
    return read_model_card(Path(folder)), load_encoder(Path(folder) / "encoder")


def read_model_card(folder: Path) -> ModelCard:
    """model.json alone; `RunError` when it is missing, cut or edited."""
    return read_json(folder / CARD, ModelCard)


def build_network(card: ModelCard, seed: int = 0, factory: Callable[..., Any] | None = None) -> Any:
    """A freshly initialised network, by `factory` where the person brought their own (see `own_code.own_factory`)."""
    classes = len(card.class_names)
    if factory is not None:
        from .adapter import adapt

        return adapt(factory, card.shape, classes, seed)
    family = model_named(card.family, card.shape.modality)
    return family.build(card.shape, classes, params_from_dict(family.params, dict(card.params)), seed)


def load_network(folder: Path, checkpoint: Checkpoint | None = None, factory: Callable[..., Any] | None = None) -> Any:
    """The network of `checkpoint` (default: the last one of the first seed) in eval mode; see `build_network`.

    Raises `ModelError` where none was kept.
    """
    card, _ = load_card(folder)
    first = [c for c in card.checkpoints if c.seed == card.checkpoints[0].seed]
    chosen = checkpoint or (first[-1] if first else None)
    if chosen is None:
        raise ModelError("This run kept no network.", "It was made from recorded outputs or by scikit-learn alone.")
    network = build_network(card, factory=factory)
    load_into(network, read_weights(Path(folder).parent / chosen.path))
    return network.eval()


def weights_of(network: Any) -> dict[str, np.ndarray]:
    """Parameters and buffers as numpy arrays."""
    return {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}


def load_into(network: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Copy arrays written by `weights_of` into the network."""
    import torch

    state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    network.load_state_dict(state)


def save_network(run: Path, checkpoint: Checkpoint, network: Any) -> None:
    """Write the weights to `checkpoint.path` inside the run folder."""
    write_weights(run / checkpoint.path, weights_of(network))


def save_estimator(folder: Path, estimator: Any) -> None:
    """Write a fitted scikit-learn estimator with skops (no pickle)."""
    from skops.io import dumps

    content = dumps(estimator)
    write_with(folder / ESTIMATOR, lambda file: file.write(content))


def load_estimator(folder: Path) -> Any:
    """The estimator in `folder`, of a family of ours; nothing in the file may name anything that ours do not hold.

    Raises `ModelError` for a missing, damaged or foreign file. Nothing of it is built before its names are checked.
    """
    from skops.io import get_untrusted_types, loads

    path = Path(folder) / ESTIMATOR
    if not path.is_file():
        raise ModelError("This run kept no scikit-learn estimator.", "Run it with out-of-fold scores.")
    content = path.read_bytes()
    with _in_words(path):
        named = get_untrusted_types(data=content)
        unknown = refused_types(named)
        if unknown:
            raise ModelError(f"{path} contains the type {unknown[0]}. Nothing was run.", _SCORE_AGAIN)
        found = loads(content, trusted=named)
    if not isinstance(found, _families()):
        raise ModelError(f"{path} holds no classifier of ours but a {type(found).__name__}.", _SCORE_AGAIN)
    return found


def refused_types(types: Sequence[str]) -> list[str]:
    """Names beyond those that our fitted estimators hold: never loaded, scikit-learn's own functions neither."""
    return [name for name in types if name not in _HELD]


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Whatever skops or scikit-learn trips over in a file that was cut or edited is one kind of error."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # bytes of a stranger: unpacking them may raise anything, and all of it means damage
        raise ModelError(f"{path} is damaged: {type(error).__name__}.", _SCORE_AGAIN) from error


def _families() -> tuple[type, ...]:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression, HistGradientBoostingClassifier, RandomForestClassifier
