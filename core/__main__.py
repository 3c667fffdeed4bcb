"""The command line, as `python -m core` starts it."""

import os
import sys

if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
    del sys.path[0]  # `python -m` puts it there; modules are not looked for in the folder that someone stands in

from core.cli import main

if __name__ == "__main__":
    sys.exit(main())
