"""What the clock does once a minute: one job per file, listed in `tick`.

The jobs emit events and switch things; they change no profile.
"""
