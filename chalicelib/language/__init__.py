"""What a text is written in, and how it is compared."""
