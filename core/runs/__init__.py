"""From a question (`RunSpec`) to an answer (a run folder), in eight rooms, each said in its own first line.

From the top: `export`, `check`, `watch`, `execute` and `read`, `plan` and `decide`, `folder`. A room imports those
below it alone.
"""
