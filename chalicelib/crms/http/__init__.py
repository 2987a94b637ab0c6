"""Outbound HTTP: where a call may go, how it is sent, what its answer means, which texts survive it."""
