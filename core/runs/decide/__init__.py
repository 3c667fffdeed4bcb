"""What a person decides on a finished run: the run as rules see it, each change checked and never lost."""
