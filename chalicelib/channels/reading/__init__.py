"""All that a channel needs to read a request: fields of payloads, and times."""
