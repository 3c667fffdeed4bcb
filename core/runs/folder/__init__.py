"""The folder of a run and the data it was made from: paths, links, locks, run.json."""
