"""Composition: where clients are built and the pipeline is put together, once per container.

`front` is the front door's and imports next to nothing; `workers` is everybody else's. Nothing below imports
either.
"""
