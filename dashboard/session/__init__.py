"""What lies between a page and the server: the URL, the open run, the selection, commands and their caches."""
