"""Tryton: the connector, and the protocol it speaks."""
