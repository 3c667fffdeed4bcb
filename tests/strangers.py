"""A run folder as a stranger might send it: its model is their code, and it says itself that it may be trusted."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from worlds import write_table

from core.cli import main
from core.types.runs import settings_fingerprint, spec_from_json

_PAYLOAD = """
from pathlib import Path
Path({canary!r}).touch()
from torch import nn
def make(dims, classes):
    return nn.Sequential(nn.Linear(dims[0], 4), nn.ReLU(), nn.Linear(4, classes))
"""
_FLAGS = [
    "--scores",
    "el2n,label_quality,knn_distance",
    "--epochs",
    "1",
    "--seeds",
    "1",
    "--folds",
    "2",
    "--checkpoints",
    "1",
    "--no-map",
    "--threads",
    "1",
    "--quiet",
]


@dataclass(frozen=True)
class Gift:
    """`root`/gift is the run folder with its payload.py beside spec.json; whoever imports it writes `canary`."""

    root: Path

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.root / "gift"

    @property
    def canary(self) -> Path:
        """Written when the payload runs."""
        return self.root / "canary"

    @property
    def export(self) -> Path:
        """An export of the run."""
        return self.root / "export"

    def copy(self, root: Path, model: str = "gift.payload:make", finished: bool = True) -> Gift:
        """Another one, whose spec names `model`; not finished: something is left for resume to do."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("canary"))
        other = Gift(root)
        (other.run / "payload.py").write_text(_PAYLOAD.format(canary=str(other.canary)))
        _rewrite(other.run / "spec.json", lambda plain: _names(plain, model))
        _rewrite(other.run / "model" / "model.json", lambda plain: plain | {"family": model})
        if not finished:
            _rewrite(other.run / "run.json", lambda plain: plain | {"state": "cancelled"})
            shutil.rmtree(other.run / "scores")
            shutil.rmtree(other.run / "work")
        return other

    def check_key(self) -> str:
        """The key of a full check that the stranger asked and never finished."""
        asked = next((self.run / "check").glob("*/asked.json"))
        _rewrite(asked, lambda plain: plain | {"mode": "full"})
        (asked.parent / "result.json").unlink(missing_ok=True)
        return asked.parent.name


def make_gift(root: Path) -> Gift:
    """Made by the stranger in a workspace of theirs, with the very commands that anybody uses."""
    gift = Gift(root)
    data, _ = write_table(root / "data")
    gift.run.mkdir()
    (gift.run / "payload.py").write_text(_PAYLOAD.format(canary=str(gift.canary)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAFFINCH_HOME", str(root / "strangers_home"))
        patch.chdir(root)
        with import_state():
            made = ["run", str(data), "--out", str(root / "made"), "--model", "gift.payload:make", *_FLAGS]
            assert main(made) == 0
        shutil.copytree(root / "made", gift.run, dirs_exist_ok=True)
        shutil.rmtree(root / "made")
        assert main(["export", str(gift.run), "--out", str(gift.export)]) == 0
        assert main(["check", str(gift.run), "--quiet"]) == 0
    shutil.rmtree(root / "strangers_home")
    gift.canary.unlink()  # it was their own machine
    _rewrite(gift.run / "spec.json", lambda plain: _names(plain, "gift.payload:make"))
    return gift


class import_state:  # noqa: N801 - used as a word
    """What is imported inside, and what is put on the import path, is gone after."""

    def __enter__(self) -> None:
        self.path, self.modules = list(sys.path), set(sys.modules)

    def __exit__(self, *_: object) -> None:
        sys.path[:] = self.path
        for name in [n for n in sys.modules if n.split(".")[0] in ("gift", "payload") and n not in self.modules]:
            del sys.modules[name]


def _names(plain: dict, model: str) -> dict:
    training = plain["spec"]["training"] | {"model": model, "trusted": True}
    spec = plain["spec"] | {"training": training}
    known = {"fingerprint": spec_from_json(spec).fingerprint(), "settings": settings_fingerprint(spec)}
    return plain | {"spec": spec} | {name: value for name, value in known.items() if name in plain}


def _rewrite(path: Path, change) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def forged(run: Path, root: Path) -> Gift:
    """Any run folder, copied, with the stranger's code in place of its model."""
    shutil.copytree(run, root / "gift")
    return Gift(root).copy(root.with_name(root.name + "-received"))
