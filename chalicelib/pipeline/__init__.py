"""The way of an event: it is received, processed, relayed and delivered; and the jobs of the clock."""
