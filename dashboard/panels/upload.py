"""An uploaded file becomes a file of the workspace, named by its content."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from core import actions


def keep(uploaded: Any) -> Path:
    """Write the upload once; the same content gives the same path, so a rerun or a second upload writes nothing."""
    content = uploaded.getbuffer()
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(uploaded.name).name).lstrip(".") or "upload"
    folder = actions.workspace.folder() / "uploads" / hashlib.sha256(content).hexdigest()[:16]
    path = folder / name
    if not path.exists():
        actions.workspace.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        part.replace(path)
    return path


def forget(source: str) -> None:
    """Take a refused upload away again, a bomb may be large; the browser still has it. Other sources stay."""
    path = Path(source)
    if path.parent.parent == actions.workspace.folder() / "uploads":
        shutil.rmtree(path.parent, ignore_errors=True)
