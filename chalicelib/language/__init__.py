"""Recognises the language of a text, and compares texts."""
