"""Whatever a stranger's model says, nothing of it runs: two lines, exit code 2, no canary, no run folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from models.sources.evil import EVIL_FOLDERS, evil_folder
from models.sources.small_models import texts

from core.cli import main

pytest.importorskip("transformers")
_SHOWN = ("auto_map", "weights that are a pickle")  # a child process each: one that reads JSON, one that reads weights


def _data(folder: Path) -> Path:
    rows = [f"r{n},{text},{('bad', 'good')[n % 2]}" for n, text in enumerate(texts())]
    path = folder / "data.csv"
    path.write_text("\n".join(["id,text,label", *rows]) + "\n")
    return path


@pytest.mark.parametrize("what", EVIL_FOLDERS)
def test_an_evil_folder_is_refused_in_two_lines(what: str, tmp_path: Path, capsys, monkeypatch) -> None:
    canary = evil_folder(tmp_path / "model", what)
    monkeypatch.chdir(tmp_path / "model")  # where its modules could be imported
    data = _data(tmp_path)
    code = main(
        [
            "run",
            str(data),
            "--model",
            str(tmp_path / "model"),
            "--scores",
            "el2n",
            "--quiet",
            "--out",
            str(tmp_path / "r"),
        ]
    )
    said = capsys.readouterr().err.strip()
    assert code == 2, said
    assert len([line for line in said.splitlines() if line.strip()]) == 2, said
    assert "Something went wrong" not in said
    for words in (["inspect-model", str(tmp_path / "model")],) if what in _SHOWN else ():
        assert main(words) == 2
        said = capsys.readouterr().err.strip()
        assert len([line for line in said.splitlines() if line.strip()]) == 2, said
    assert not canary.exists()
    assert not (tmp_path / "r" / "spec.json").exists()
