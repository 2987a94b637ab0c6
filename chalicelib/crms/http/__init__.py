"""Outbound HTTP: judging addresses, sending calls, reading statuses, cleaning texts."""
