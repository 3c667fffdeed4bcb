"""Which code of a person's own this machine may run: kept in its workspace, never in a folder that can be copied."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from .atomic import read_json, write_json
from .workspace import workspace_root


@dataclass(frozen=True)
class Consent:
    """A person named `model` ("module:factory") on a command line; it was found in `file`, whose content was this."""

    model: str
    file: str  # absolute path
    sha256: str


def remember_consent(run_id: str, consent: Consent) -> None:
    """Let later commands and buttons of this workspace run that very file for that run."""
    write_json(_place(run_id), asdict(consent))


def consent_for(run_id: str, model: str) -> Consent | None:
    """What a person allowed for this run, None when it was never this model. Whether the file is still the same is
    for the reader to see. Raises `RunError` on a damaged record.
    """
    path = _place(run_id)
    if not path.is_file():
        return None
    consent = read_json(path, Consent)
    return consent if consent.model == model else None


def remember_factory(consent: Consent) -> None:
    """Let runs that are made from now on in this workspace name that very file."""
    write_json(_folder() / "factories" / f"{_hashed(consent.model)}.json", asdict(consent))


def consents_to(model: str) -> list[Consent]:
    """What the person allowed under that name, for a run of this workspace or before there was one."""
    consents = {read_json(path, Consent) for path in _folder().rglob("*.json")}
    return sorted((c for c in consents if c.model == model), key=lambda c: (c.file, c.sha256))


def _folder() -> Path:
    return workspace_root() / "consent"


def _place(run_id: str) -> Path:
    return _folder() / f"{_hashed(run_id)}.json"


def _hashed(text: str) -> str:
    # a run id comes from a folder, and must not choose a path
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
