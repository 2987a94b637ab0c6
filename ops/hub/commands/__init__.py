"""One module per command or group: it asks one question and prints the answer."""
