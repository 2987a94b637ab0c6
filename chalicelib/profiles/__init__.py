"""Whose event it is, and what a profile learns from it. Pure: `process` reads the rows and commits."""
