"""The codes that say why a row is kept or dropped."""

# code -> what it means; the dictionary of the manifest. Codes of thresholds and strategies are added to these.
REASONS = {
    "held_out": "held-out row: kept always, rules and decisions wait until it is unlocked",
    "manual_keep": "kept by a person",
    "manual_drop": "dropped by a person",
    "manual_relabel": "given another label by a person, and kept",
    "duplicate": "near-duplicate of a row that stands for it (written as dup_of:<id>)",
    "duplicate_best": "kept: stands for its near-duplicates",
    "class_floor": "kept: its class would fall below the floor",
    "class_cap": "kept: rules would drop too large a share of its class",
}
