"""Every channel of the registry, against the shelf of documented requests in `fixtures/channels`."""
