"""The words of the hub as types: standard library only, imported by everything, importing nothing."""
