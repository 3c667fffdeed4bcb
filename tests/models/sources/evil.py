"""Model files that ask to be run: each writes a canary where it is, if anything ever runs it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from models.sources.onnx_models import save_evil
from models.sources.small_models import save_text_folder
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

_PAYLOAD = "import pathlib\npathlib.Path({canary!r}).write_text('ran')\nclass Evil:\n    pass\n"


def evil_folder(folder: Path, what: str) -> Path:
    """A working classifier into whose files somebody wrote `what`; returns the canary's path."""
    save_text_folder(folder)
    canary = folder.parent / "canary"
    for name in ("modeling_evil.py", "evil.py", "configuration_evil.py"):
        (folder / name).write_text(_PAYLOAD.format(canary=str(canary)))
    config = json.loads((folder / "config.json").read_text())
    named = {"AutoConfig": "configuration_evil.Evil", "AutoModelForSequenceClassification": "modeling_evil.Evil"}
    config |= {
        "auto_map": {"auto_map": named},
        "attention from a repository": {"_attn_implementation_internal": f"{folder}:modeling_evil"},
        "attention, inside": {"text_config": {"attn_implementation": "stranger/evil-kernels"}},
        "nested trust": {"text_config": {"inner": [{"trust_remote_code": True}]}},
        "another model type": {"model_type": "evil"},
        "quantized": {"quantization_config": {"quant_method": "evil"}},
        "a network of terabytes": {"hidden_size": 10**9},
        "many layers": {"num_hidden_layers": 10**9},
        "more numbers than the file": {"intermediate_size": 2**20, "num_hidden_layers": 12},
    }.get(what, {})
    (folder / "config.json").write_text(json.dumps(config))
    if what == "modules.json with a .py":
        modules = [{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}]
        (folder / "modules.json").write_text(json.dumps(modules))
    if what == "weights that are a pickle":
        _pickled(folder, canary)
    return canary


def _pickled(folder: Path, canary: Path) -> None:
    """pytorch_model.bin that calls a function when it is unpickled."""
    import pickle

    class Runs:
        def __reduce__(self):
            return Path.write_text, (canary, "ran")

    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"classifier.weight": Runs()}))


def _evil_text(name: str, text: str) -> Callable[[Path], Path]:
    def save(folder: Path) -> Path:
        path = folder / name
        path.write_text(text.replace("COMMAND", f"__import__('os').system('touch {folder / 'canary'}')"))
        return path

    return save


def _evil_pipeline(folder: Path) -> Path:
    """A step that hands each row to a shell."""
    from skops.io import dump

    step = FunctionTransformer(os.system, kw_args={"command": f"touch {folder / 'canary'}"})
    dump(make_pipeline(step, DummyClassifier().fit([[0.0]], [0])), folder / "m.skops")
    return folder / "m.skops"


_LEARNER = '{"learner": {"objective": {"name": "COMMAND"}, "gradient_booster": {"name": "gbtree"}}}'
# For each source of files that only the process with limits may load, a file that would leave a canary if it were run.
EVIL_FILES: dict[str, Callable[[Path], Path]] = {
    "xgboost": _evil_text("m.json", _LEARNER),
    "lightgbm": _evil_text("m.txt", "tree\nmax_feature_idx=0\nobjective=COMMAND\n\nTree=0\n\nend of trees\n"),
    "skops": _evil_pipeline,
    "onnx": lambda folder: save_evil(folder, "another library's operator"),
}

EVIL_FOLDERS = (
    "auto_map",
    "attention from a repository",
    "attention, inside",
    "nested trust",
    "another model type",
    "quantized",
    "a network of terabytes",
    "many layers",
    "more numbers than the file",
    "modules.json with a .py",
    "weights that are a pickle",
)
