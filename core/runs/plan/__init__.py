"""What a question needs and which scores it can have, said before any work."""
