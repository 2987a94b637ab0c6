"""Holds the operator's command: one module per command, and what several of them share."""
