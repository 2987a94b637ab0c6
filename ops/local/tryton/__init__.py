"""Runs a real Tryton on this machine."""
