"""The story of an event: received, processed, relayed, delivered; and what the clock does."""
