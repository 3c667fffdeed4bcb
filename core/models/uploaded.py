"""A person's own weights, checked before they are trusted: never unpickled beyond tensors, never loaded partly."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.types.errors import ModelError

_SAVE_AGAIN = (
    "Save it again: from safetensors.torch import save_file; save_file(model.state_dict(), 'weights.safetensors')."
)
_SHOWN = 5


def read_state_dict(path: Path) -> dict[str, Any]:
    """Name -> tensor of a .pt/.pth state_dict or a .safetensors file, on the CPU.

    Raises `ModelError` for anything else: missing, empty, damaged, containing code, an archive of code.
    """
    path = Path(path)
    start = _first_bytes(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    _refuse_other_kinds(path, start)
    return _tensors(_read_torch(path), path)


def fit_state(network: Any, state: Mapping[str, Any], path: Path) -> None:
    """Copy `state` into the network; `ModelError` lists missing and unexpected keys, or both shapes of a tensor."""
    own = network.state_dict()
    missing, unexpected = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or unexpected:
        found = [
            f"{word}: {_listed(keys)}" for word, keys in (("missing", missing), ("unexpected", unexpected)) if keys
        ]
        raise ModelError(
            f"{path.name} does not fit the model; {'; '.join(found)}.",
            "Choose the model it was trained with (--model), or rename its keys.",
        )
    for key, value in own.items():
        if tuple(value.shape) != tuple(state[key].shape):
            raise ModelError(
                f"{path.name}: {key} is {_shape(state[key])}, the model has {_shape(value)}.",
                "Choose the model and settings it was trained with; classes and input must agree.",
            )
    network.load_state_dict({k: v.to(own[k].dtype) for k, v in state.items()})


def _first_bytes(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            start = file.read(64)
    except FileNotFoundError:
        raise ModelError(f"No such checkpoint: {path}.", "Check the path.") from None
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


def _unpickling(path: Path, text: str) -> ModelError:
    blocked = re.search(r"(?:GLOBAL|global|class|function)\s+`?([\w.]+\.[\w.]+)", text) or re.search(
        r"\b([\w]+\.[\w.]+)\b was not", text
    )
    if blocked and "nsupported" in text or "GLOBAL" in text:
        name = blocked.group(1) if blocked else "an unknown type"
        return ModelError(
            f"This checkpoint contains code ({name}). Nothing was run.",
            f"Save a state_dict or safetensors. {_SAVE_AGAIN}",
        )
    return ModelError(f"{path.name} is damaged, or not a checkpoint.", "Save or download it again.")


def _tensors(loaded: Any, path: Path) -> dict[str, Any]:
    import torch

    for key in ("state_dict", "model_state_dict", "model"):  # common wrappers around a state_dict
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not loaded or not all(isinstance(v, torch.Tensor) for v in loaded.values()):
        raise ModelError(f"{path.name} is not a state_dict: it holds a {type(loaded).__name__}.", _SAVE_AGAIN)
    return {str(k).removeprefix("module."): v for k, v in loaded.items()}  # prefix of DataParallel


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _shape(tensor: Any) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
