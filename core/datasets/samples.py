"""The bundled datasets by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.types.examples import Modality


@dataclass(frozen=True)
class Sample:
    """A dataset under sample_data/, with its answer key and, where it ships scored, its run."""

    name: str
    title: str
    modality: Modality
    file: str
    rows: int
    summary: str


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "digits",
        "Try images",
        Modality.IMAGE,
        "data.npz",
        1454,
        "Handwritten digits: 15 labels that people doubted, planted label flips and near-duplicates",
    ),
    Sample(
        "banking",
        "Try text",
        Modality.TEXT,
        "data.csv",
        1330,
        "Customer questions to a bank in 12 intents: planted label flips and near-duplicates",
    ),
    Sample(
        "adult",
        "Try a table",
        Modality.TABLE,
        "data.csv",
        2050,
        "Census records, income below or above 50K: planted label flips and near-duplicates",
    ),
)


def samples_folder() -> Path:
    """sample_data, beside the package."""
    return Path(__file__).resolve().parents[2] / "sample_data"


def sample_named(name: str) -> Sample | None:
    """The sample of that name, or None."""
    return next((s for s in SAMPLES if s.name == name), None)


def means_sample(source: str) -> bool:
    """Whether a source names a sample: data of that name in this folder come first, a run of that name does not."""
    return sample_named(source) is not None and not _is_data(Path(source))


def _is_data(path: Path) -> bool:
    try:
        if path.is_file():
            return True
        return path.is_dir() and any(p.name != ".lock" for p in path.iterdir()) and not (path / "spec.json").is_file()
    except OSError:  # it is there, but may not be looked at: reading it says so
        return True


def sample_path(name: str) -> Path | None:
    """The data file of a sample, or None for any other name (or where the file is absent)."""
    sample = sample_named(name)
    path = samples_folder() / name / sample.file if sample else None
    return path if path and path.exists() else None


def sample_key(name: str) -> Path | None:
    """The answer key of a sample."""
    path = samples_folder() / name / "key.csv"
    return path if sample_named(name) and path.exists() else None


def sample_run(name: str) -> Path | None:
    """The scored run that a sample ships with."""
    path = samples_folder() / name / "run"
    return path if sample_named(name) and path.is_dir() else None
