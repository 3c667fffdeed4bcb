"""An uploaded file becomes a file of the workspace, named by its content, and is read in a child process first."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import streamlit as st

from core import actions
from core.datasets import UnsafeFileError
from core.types.errors import DataError
from core.types.examples import Roles
from dashboard import cache


def keep(uploaded: Any) -> Path:
    """Write the upload once; the same content gives the same path, so a rerun or a second upload writes nothing."""
    content = uploaded.getbuffer()
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(uploaded.name).name).lstrip(".") or "upload"
    folder = actions.workspace() / "uploads" / hashlib.sha256(content).hexdigest()[:16]
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        part.replace(path)
    return path


def refuse_dangerous(path: str, modality: str | None, labels: str | None) -> None:
    """Raise `UnsafeFileError` for a file that kills or exhausts its reader.

    A file that is refused in words is let through: the form, where its columns are set, may be all it needs.
    """
    try:
        with st.spinner("Reading the file in a process of its own"):
            cache.tried(path, modality, Roles(), labels)
    except UnsafeFileError:
        raise
    except DataError:
        return
