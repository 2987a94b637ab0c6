"""Builds the clients and puts the pipeline together, once per container.

`front` does so for the front door and imports next to nothing; `workers` does so for all other functions. The
layers below import neither.
"""
