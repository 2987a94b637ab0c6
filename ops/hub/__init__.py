"""The operator's command: what a stage holds, and what can be done about it."""
