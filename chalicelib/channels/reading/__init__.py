"""The reading that all channels share: fields of payloads, and times."""
