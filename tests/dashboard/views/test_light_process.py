"""The start page and the views of a finished run need neither torch nor umap in the server's process."""

import os
import subprocess
import sys
from pathlib import Path

_CODE = """
import sys
sys.path.insert(0, {folder!r})
from screens import screen
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({app!r}, default_timeout=600).run()
assert not app.exception, app.exception
for view in ("start", "scores", "explore", "rules", "export", "methods"):
    at = screen(view, {run!r})
    assert not at.exception, (view, at.exception)
heavy = [name for name in ("torch", "umap", "captum", "shap", "numba") if name in sys.modules]
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""


def test_no_torch_and_no_umap(run_of):
    here = Path(__file__).resolve()
    code = _CODE.format(
        folder=str(here.parent), app=str(here.parents[3] / "dashboard" / "page.py"), run=str(run_of("table"))
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=1200, env=os.environ)
    assert done.returncode == 0, done.stderr[-2000:]
