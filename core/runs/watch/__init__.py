"""Work that anyone can watch and stop: processes, heartbeats, rows in the database."""
