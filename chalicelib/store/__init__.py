"""The one table: how it is read and written, what its rows hold, where they lie, how bodies are packed."""
