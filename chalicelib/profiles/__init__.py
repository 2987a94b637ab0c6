"""Finds the profile that an event belongs to, and updates it. Pure: `process` reads the rows and commits."""
