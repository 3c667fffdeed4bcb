"""A finished run read back for people: one example, clusters, tables, known faults."""
