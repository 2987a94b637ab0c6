"""Reads and checks the four files that an operator writes for a stage."""
