"""AWS as the hub uses it: the clients, what a refusal means, and each service's few calls."""
