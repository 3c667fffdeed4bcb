"""From examples and a network, trained or not, to a table of scores."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable, Modality
from core.types.labels import text_labels
from core.types.methods import Signal
from core.types.pictures import Pictures, pictures_in, with_pictures
from core.types.progress import Progress, SilentProgress
from core.types.runs import TrainingSpec

from .arrays import BY_ALPHABET, examples_from, output_names
from .scored import Scored, Settings, Wanted, chosen, score_all, settings_of

if TYPE_CHECKING:
    from torch import nn

_INPUTS_ALONE = frozenset({Signal.EMBEDDING, Signal.TEXTS})


def score(
    data: Any,
    network: nn.Module | None = None,
    *,
    scores: Wanted = "all",
    checkpoints: Sequence[Any] | None = None,
    held_out: Any = None,
    class_names: Sequence[str] | None = None,
    embeddings: Any = None,
    image_size: Any = None,
    mean: Any = None,
    std: Any = None,
    learning_rates: Sequence[float] = (),
    weight_decay: float = 0.0,
    training: TrainingSpec | None = None,
    params: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Score every example of `data`.

    data: an ExampleTable (`load_examples`, `examples_from`), a pair (inputs, labels) of arrays or tensors, or a torch
    Dataset of such pairs. network: an nn.Module, already trained, that turns a batch of inputs into logits [b, C] and
    whose last Linear layer makes them; inputs given as arrays reach it as they are, in float32. It is not changed.
    Without a network the built-in one for the data is trained as `training` says. Labels are whole numbers as the
    network's outputs count them, or names with class_names= (one per output, in their order).

    checkpoints: state_dicts in order of training, or one such list per seed, for what needs several moments (VoG,
    training dynamics, TracIn); learning_rates: [T] of those moments. held_out: bool [N], targets and no candidates.
    image_size (224, or height and width), mean, std (one number per channel, after x / 255): how the network wants the
    pictures of an ExampleTable; asked for where one of your own reads such a table. Arrays reach it as they are.
    embeddings: [N, d] for density and valuation; by default the inputs themselves. params: settings by score name.

    Returns `Scored`: with scores="all", what these data cannot give is named in `.skipped`; a score asked for by name
    raises `CurationError` instead. Nothing is written but a temporary folder while a built-in network is trained.
    """
    report, spec = progress or SilentProgress(), with_pictures(training or TrainingSpec(), image_size, mean, std)
    examples, tensors = _examples(data, held_out, class_names, network)
    methods = chosen(scores)[0]
    wanted = frozenset(signal for method in methods for signal in method.needs_with(settings_of(method, params)))
    with tempfile.TemporaryDirectory(prefix="chaffinch-") as scratch:
        if network is not None:
            from .visiting import observe

            moments: dict[str, Any] = {"checkpoints": checkpoints, "rates": tuple(learning_rates)}
            pictures = _pictures(examples, tensors, spec)
            evidence, have = observe(
                network, examples, tensors, wanted, pictures, **moments, weight_decay=weight_decay, progress=report
            )
        else:
            evidence, have = _train(examples, wanted, spec, Path(scratch), seed, report)
        evidence, have = _with_inputs(evidence, have, examples, tensors, embeddings, wanted, seed, report)
        return score_all(examples, evidence, have, scores=scores, params=params, seed=seed, progress=progress)


def _examples(
    data: Any, held_out: Any, class_names: Sequence[str] | None, network: nn.Module | None
) -> tuple[ExampleTable, np.ndarray | None]:
    """The table, and the inputs as the network reads them when they did not come in a table."""
    if isinstance(data, ExampleTable):
        if held_out is not None or class_names is not None:
            word = "class_names" if held_out is None else "held_out"
            raise DataError(f"{word} was given with a table that has its own.", "Set it in examples_from.")
        if network is not None and any(line.code == BY_ALPHABET for line in data.report):
            raise text_labels(data.class_names[0], data.class_count)
        return data, None
    inputs, labels = data if isinstance(data, tuple) else _unpacked(data)
    inputs, labels = _array(inputs), _array(labels)
    if network is None:
        return examples_from(inputs, labels, held_out=held_out, class_names=class_names), None
    names = output_names(labels, _outputs(network), class_names)
    examples = examples_from(None, labels, held_out=held_out, class_names=names)
    if len(inputs) != len(examples):
        raise DataError(f"There are {len(inputs):,} inputs and {len(examples):,} labels.", "Give one label per input.")
    return examples, np.ascontiguousarray(inputs, dtype=np.float32)


def _pictures(examples: ExampleTable, tensors: np.ndarray | None, spec: TrainingSpec) -> Pictures:
    """How the person's network wants the pictures of a table; refused for anything else, asked for when it is open."""
    pictures = pictures_in(spec)
    if tensors is not None or examples.modality is not Modality.IMAGE:
        if pictures != Pictures():
            raise DataError(
                "image_size, mean and std are for the pictures of an ExampleTable.",
                "Leave them out: arrays reach your network as they are.",
            )
        return pictures
    if not pictures.known:
        raise DataError(
            "At which size and normalization does the network want its pictures? A guess gives wrong numbers.",
            "Give image_size=224, mean=(0.485, 0.456, 0.406) and std=(0.229, 0.224, 0.225), or what it was trained on.",
        )
    return pictures


def _unpacked(dataset: Any) -> tuple[Any, Any]:
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")) or isinstance(dataset, np.ndarray):
        raise DataError(
            f"{type(dataset).__name__} is no data to score.",
            "Give a table of examples, a pair (inputs, labels) or a Dataset of such pairs.",
        )
    pairs = [dataset[row] for row in range(len(dataset))]
    if not pairs:
        raise DataError("The dataset is empty.", "Give one with rows.")
    return np.stack([_array(x) for x, _ in pairs]), np.array([_array(y).item() for _, y in pairs])


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)


def _outputs(network: nn.Module) -> int:
    from torch import nn

    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    return linear[-1].out_features if linear else 0  # a network without any is refused, in words, when it is wrapped


def _train(
    examples: ExampleTable, wanted: frozenset[Signal], spec: TrainingSpec, folder: Path, seed: int, progress: Progress
) -> tuple[Evidence, frozenset[Signal]]:
    if examples.modality is Modality.TRACE:
        raise DataError("Without inputs there is nothing to train on.", "Give inputs, or a network.")
    from core.training.evidence import gather_evidence

    signals = wanted - _INPUTS_ALONE
    needs_trace = signals - {Signal.OUT_OF_FOLD}
    asked = signals | ({Signal.LOGITS} if needs_trace else set())
    evidence = gather_evidence(examples, spec, asked, folder=folder, seed=seed, progress=progress)
    return evidence, frozenset(asked)


def _with_inputs(
    evidence: Evidence,
    have: frozenset[Signal],
    examples: ExampleTable,
    tensors: np.ndarray | None,
    embeddings: Any,
    wanted: frozenset[Signal],
    seed: int,
    progress: Progress,
) -> tuple[Evidence, frozenset[Signal]]:
    """Evidence that needs no network: vectors of the inputs, and texts."""
    if Signal.EMBEDDING in wanted:
        given = _array(embeddings) if embeddings is not None else None
        if given is None and tensors is not None:
            given = tensors.reshape(len(tensors), -1)
        from core.embeddings import embed_inputs

        vectors, name = embed_inputs(examples, seed, given=given, progress=progress)
        evidence = replace(evidence, embedding=vectors.astype(np.float32), embedding_name=name)
        have |= {Signal.EMBEDDING}
    if Signal.TEXTS in wanted and examples.modality is Modality.TEXT:
        evidence, have = replace(evidence, texts=examples.inputs), have | {Signal.TEXTS}
    return evidence, have
