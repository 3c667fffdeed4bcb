"""A person's own weights, checked before they are trusted: never unpickled beyond tensors, never loaded partly."""

from __future__ import annotations

import os
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.types.errors import ModelError

from .pickles import named_types

_SAVE_AGAIN = (
    "Save it again: from safetensors.torch import save_file; save_file(model.state_dict(), 'weights.safetensors')."
)
_SHOWN = 5  # keys named in a message; the others are counted
# Names that stand in any checkpoint, and types that are plain data of training loops.
_KNOWN = re.compile(
    r"torch\._utils\._rebuild|torch\.\w*(Storage|Tensor)$|torch\.(Size|device|b?float\d+|u?int\d+|bool)$|torch\.storage\."
    r"|collections\.(OrderedDict|defaultdict|Counter)$|_codecs\.encode$|numpy\.(_core|core)\.multiarray\.scalar$|numpy\.dtype"
)
_DATA = re.compile(
    r"argparse\.Namespace$|types\.SimpleNamespace$|pathlib\.|numpy\.|omegaconf\.|datetime\.|decimal\.|torch\.optim\."
)
_WRAPPERS = ("state_dict", "model_state_dict", "model")  # around a state_dict, the outer first


def read_state_dict(path: Path) -> Mapping[str, Any]:
    """Name -> tensor of a .pt/.pth state_dict or a .safetensors file, on the CPU.

    Raises `ModelError` for anything else: missing, empty, damaged, containing code, an archive of code.
    """
    path = Path(path)
    refuse_other_files(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return _tensors(_read_torch(path), path)


def refuse_other_files(path: Path) -> None:
    """`ModelError` for what is plainly no file of weights: missing, empty, a folder, a web page, an archive of code.

    Reads little and needs no torch, so that it can be said before anything begins.
    """
    start = _first_bytes(path)
    if path.suffix != ".safetensors":
        _refuse_other_kinds(path, start)


def unwrapped(loaded: Any) -> Mapping[str, Any] | None:
    """The state_dict inside what a training loop saved, {"state_dict": ..., "epoch": 3} and its kin; else None."""
    import torch

    for key in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not loaded or not all(isinstance(v, torch.Tensor) for v in loaded.values()):
        return None
    return {str(k): v for k, v in loaded.items()}


def fit_state(network: Any, state: Mapping[str, Any], name: str) -> None:
    """Copy `state` into the network; a prefix that all its names share beyond the network's own is removed.

    `ModelError` lists missing and unexpected keys, or both shapes of a tensor; `name`: whose state it is, for words.
    """
    own = network.state_dict()
    state = _without_prefix(state, own)
    missing, unexpected = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or unexpected:
        differences = [
            f"{word}: {_listed(keys)}" for word, keys in (("missing", missing), ("unexpected", unexpected)) if keys
        ]
        raise ModelError(
            f"{name} does not fit the model; {'; '.join(differences)}.",
            "Choose the model it was trained with (--model), or rename its keys.",
        )
    for key, value in own.items():
        if tuple(value.shape) != tuple(state[key].shape):
            raise ModelError(
                f"{name}: {key} is {_shape(state[key])}, the model has {_shape(value)}.",
                "Choose the model and settings it was trained with; classes and input must agree.",
            )
    network.load_state_dict({k: v.to(own[k].dtype) for k, v in state.items()})


def _without_prefix(state: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """DataParallel says module.layer.weight, torch.compile _orig_mod.layer.weight, Lightning model.layer.weight."""
    while set(state) != set(own):
        words = {key.partition(".")[0] for key in state}
        if len(words) != 1 or not all("." in key for key in state):
            break
        (word,) = words
        if word in {key.partition(".")[0] for key in own}:
            break
        state = {key.partition(".")[2]: value for key, value in state.items()}
    return state


def _first_bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode) and not path.is_dir():
            raise ModelError(f"{path} is a pipe or a device, no file of weights.", "Give a .safetensors or .pt file.")
        with open(path, "rb") as file:
            start = file.read(64)
    except FileNotFoundError:
        raise ModelError(f"No such checkpoint: {path}.", "Check the path.") from None
    except IsADirectoryError:
        raise ModelError(f"{path} is a folder.", "Give the files of weights in it, .safetensors or .pt.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", "Check the path and its permission.") from None
    if not start:
        raise ModelError(f"{path.name} is an empty file.", "Save the checkpoint again.")
    return start


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    if start.lstrip()[:1] == b"<" or path.suffix in (".html", ".json", ".txt", ".csv"):
        raise ModelError(
            f"{path.name} is not a checkpoint: it begins like a web page or text.", "Download the file itself."
        )
    if path.suffix in (".joblib", ".pkl", ".pickle", ".skops"):
        raise ModelError(f"{path.name} is a {path.suffix} file, which can contain code. Nothing was run.", _SAVE_AGAIN)
    if path.suffix == ".pt2" or _holds(path, ("archive_format", "models/", "serialized_exported_program")):
        raise ModelError(
            f"{path.name} is an exported program (.pt2), which can contain code. Nothing was run.", _SAVE_AGAIN
        )
    if _holds(path, ("code/", "constants.pkl")):
        raise ModelError(f"{path.name} is a TorchScript program, which is code. Nothing was run.", _SAVE_AGAIN)


def _holds(path: Path, parts: tuple[str, ...]) -> bool:
    """Whether a zip archive has a member (below its top folder) that begins with one of `parts`."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False
    return any(name.startswith(parts) or name.partition("/")[2].startswith(parts) for name in names)


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path, device="cpu")
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise ModelError(
            f"{path.name} is damaged, or not a safetensors file: {error}.", "Save or download it again."
        ) from None


def _read_torch(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice about other formats; what matters is raised
            with torch.serialization.safe_globals(_plain_numbers()):
                return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _unpickling(path, str(error)) from None
    except (
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        AssertionError,
        UnicodeDecodeError,
        MemoryError,
    ) as error:
        first = str(error).strip().split("\n")[0]
        raise ModelError(
            f"{path.name} is damaged, or not a checkpoint: {first}.", "Save or download it again."
        ) from None


def _plain_numbers() -> list[Any]:
    """What a numpy scalar such as a loss is pickled as; numpy refuses to make one of objects."""
    import numpy as np

    scalar = np.float64(0).__reduce__()[0]
    kinds = [type(np.dtype(code)) for code in "?bhilqBHILQefdg"]
    return [(scalar, "numpy.core.multiarray.scalar"), scalar, np.dtype, *kinds]


def _unpickling(path: Path, text: str) -> ModelError:
    """In words which type was refused: one that only holds data is told how to get rid of, anything else is code."""
    names = [name for name in named_types(path) if not _KNOWN.match(name)]
    code = [name for name in names if not _DATA.match(name)]
    if code:
        return ModelError(
            f"This checkpoint contains code ({code[0]}). Nothing was run.",
            f"Save a state_dict or safetensors. {_SAVE_AGAIN}",
        )
    if names:
        return ModelError(
            f"{path.name} holds an object of the type {names[0]} beside its weights. Nothing was run.",
            "Where you made it, save the weights alone: torch.save(model.state_dict(), 'weights.pt'); "
            "of a checkpoint that is loaded there: torch.save(checkpoint['state_dict'], 'weights.pt').",
        )
    if "nsupported operand" in text:
        return ModelError(f"{path.name} was saved by a pickle protocol that torch does not read safely.", _SAVE_AGAIN)
    return ModelError(f"{path.name} is damaged, or not a checkpoint.", "Save or download it again.")


def _tensors(loaded: Any, path: Path) -> Mapping[str, Any]:
    state = unwrapped(loaded)
    if state is None:
        raise ModelError(f"{path.name} is not a state_dict: it holds a {type(loaded).__name__}.", _SAVE_AGAIN)
    return state


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _shape(tensor: Any) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
