"""The jobs that the clock does once a minute, one per file; `tick` lists them.

They emit events and switch targets off and on; none of them changes a profile.
"""
