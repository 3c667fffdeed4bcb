"""What a person's own trained network, at one or more checkpoints, says about every example."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from core.models.adapter import check_input, own_module
from core.models.encoding import Encoded, fit_encoder
from core.models.family import InputShape
from core.models.handed_network import HandedNetwork
from core.models.network import Network
from core.models.uploaded import fit_state, read_state_dict, refuse_other_files, unwrapped
from core.numerics.devices import choose_device
from core.runs.execute.traces import trace_of
from core.training.loop import to_device
from core.training.passes import PassOutputs, batches_of, run_pass
from core.training.plan import stages
from core.training.probing import COSTLY, refused_signals
from core.training.rows import ArrayRows
from core.training.spread import StageSpreads
from core.types.errors import CurationError, DataError, ModelError, in_words
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.examples import ExampleTable, Modality
from core.types.image_format import ImageFormat
from core.types.progress import Progress
from core.types.signals import Signal, at_checkpoints
from core.types.trace import Checkpoint

from .network_inputs import NetworkInputs

SeedPasses = tuple[list[CheckpointEvidence], dict[str, np.ndarray]]  # per checkpoint; spread of gradients by stage


@dataclass(frozen=True)
class History:
    """How the network was trained: its state_dicts (see `core.score`), and [T] learning rates, empty when not told."""

    checkpoints: Sequence[Any] | None
    rates: tuple[float, ...]
    weight_decay: float
    device: str = ""  # "" = where the network is


def observe(
    network: nn.Module,
    examples: ExampleTable,
    inputs: NetworkInputs | None,
    needed: frozenset[Signal],
    image_format: ImageFormat,
    history: History,
    progress: Progress,
) -> tuple[Evidence, frozenset[Signal]]:
    """One pass with a copy of `network` at every checkpoint, for the union of the signals; see `core.score`.

    A signal that it turns out not to give, on two rows or on all of them, is left out and `Evidence.refused` says why.
    Raises `DataError` where checkpoints and rates do not fit together, `CurationError` where the network fails.
    """
    states = _by_seed(network, history)
    epochs = len(states[0])
    encoded, shape = _encoded(examples, inputs, image_format)
    own = _wrapped(network, max(examples.class_count, 1), () if inputs is None else inputs.names)
    if history.device:
        own.to(choose_device(history.device))
    check_input(own, shape, to_device(encoded.batch(np.arange(1)), next(own.parameters()).device))
    possible = at_checkpoints(needed, epochs)
    refused = refused_signals(own, encoded, examples.labels, possible)
    signals = possible - {signal for signal in possible if signal.value in refused}

    def passes(signals: frozenset[Signal]) -> list[SeedPasses]:
        progress.stage("Running your network", len(states) * epochs * batches_of(own, encoded))
        with in_words("The network failed on these data", "Try it on them by itself: network.eval()(inputs[:8])."):
            return [
                _passes_of_seed(own, index, seed, encoded, examples.labels, signals, history.rates, progress)
                for index, seed in enumerate(states)
            ]

    try:
        seeds = passes(signals)
    except CurationError as error:
        failed = signals & COSTLY
        if not failed:
            raise
        refused |= {signal.value: str(error) for signal in failed}
        signals -= failed
        seeds = passes(signals)
    return _evidence(seeds, examples, history, signals, refused), signals | {Signal.LOGITS}


def _evidence(
    seeds: list[SeedPasses],
    examples: ExampleTable,
    history: History,
    signals: frozenset[Signal],
    refused: Mapping[str, str],
) -> Evidence:
    logits = np.stack([np.stack([one.logits for one in checkpoints]) for checkpoints, _ in seeds])
    epochs = tuple(range(1, logits.shape[1] + 1))
    return Evidence(
        trace=trace_of(logits, examples, history.rates),
        checkpoints=tuple(one for checkpoints, _ in seeds for one in checkpoints),
        input_gradient_spread={name: np.stack([spread[name] for _, spread in seeds]) for name in seeds[0][1]},
        stage_epochs=stages(epochs) if Signal.INPUT_GRADIENT_SPREAD in signals else {},
        weight_decay=history.weight_decay,
        refused=refused,
    )


def _encoded(
    examples: ExampleTable, inputs: NetworkInputs | None, image_format: ImageFormat
) -> tuple[Encoded, InputShape]:
    if inputs is not None:
        return ArrayRows(inputs.arrays), InputShape(Modality.TABLE, inputs.parts[0].shape[1:])
    encoder = fit_encoder(examples, examples.train_rows, image_format)
    return encoder.encode(examples), encoder.shape


def _by_seed(network: nn.Module, history: History) -> list[list[Any]]:
    """[S][T] states; one moment of one seed, the network as it is, when none are given."""
    states = [[network.state_dict()]] if history.checkpoints is None else _seeds_of(history.checkpoints)
    if history.rates and len(history.rates) != len(states[0]):
        raise DataError(
            f"There are {len(history.rates)} learning rates for {len(states[0])} checkpoints.", "Give one for each."
        )
    return states


def _seeds_of(checkpoints: Sequence[Any]) -> list[list[Any]]:
    if not len(checkpoints):
        raise DataError("The list of checkpoints is empty.", "Give state_dicts in order of training, or leave it out.")
    seeds = [list(one) for one in checkpoints] if isinstance(checkpoints[0], (list, tuple)) else [list(checkpoints)]
    seeds = [[_weights_file(one) if isinstance(one, (str, Path)) else one for one in seed] for seed in seeds]
    if len({len(one) for one in seeds}) > 1:
        raise DataError("The seeds have different numbers of checkpoints.", "Keep the same moments for each seed.")
    return seeds


def _weights_file(path: str | Path) -> Path:
    """The file of weights that is named, or that stands in a folder as save_pretrained leaves it."""
    inside = Path(path) / "model.safetensors"
    file = inside if inside.is_file() else Path(path)
    refuse_other_files(file)
    return file


def _wrapped(network: nn.Module, classes: int, names: tuple[str, ...]) -> Network:
    with in_words("The network cannot be copied", "Give one whose parameters are plain leaves: detach kept outputs."):
        own = copy.deepcopy(network)  # the person's network keeps its mode, its gradients and its weights
    return own if isinstance(own, Network) else HandedNetwork(own, classes, names)


def _passes_of_seed(
    network: Network,
    seed: int,
    states: list[Any],
    encoded: Encoded,
    labels: np.ndarray,
    signals: frozenset[Signal],
    rates: tuple[float, ...],
    progress: Progress,
) -> SeedPasses:
    epochs = tuple(range(1, len(states) + 1))
    spreads = StageSpreads(len(labels), stages(epochs) if Signal.INPUT_GRADIENT_SPREAD in signals else {})
    checkpoints = []
    for epoch, state in zip(epochs, states, strict=True):
        _load(network, state, epoch)
        spreads.begin(epoch)
        into = PassOutputs(input_gradients=spreads.add)
        outputs = run_pass(network, encoded, labels, signals, progress=progress, into=into)
        spreads.end(epoch)
        moment = Checkpoint(seed, epoch, rates[epoch - 1] if rates else 1.0)
        checkpoints.append(
            CheckpointEvidence(
                moment, outputs.logits, outputs.features, outputs.gradient_norm, network.head.bias is not None
            )
        )
    return checkpoints, spreads.results


def _load(network: Network, state: Any, epoch: int) -> None:
    if isinstance(state, Path):
        fit_state(own_module(network), read_state_dict(state), str(state))
        return
    plain = unwrapped(state.state_dict() if isinstance(state, nn.Module) else state)
    if plain is None:
        raise ModelError(
            f"Checkpoint {epoch} is no state_dict but a {type(state).__name__}.", "Give network.state_dict() of each."
        )
    fit_state(own_module(network), plain, f"Checkpoint {epoch}")
