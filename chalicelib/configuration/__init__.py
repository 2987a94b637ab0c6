"""The hub's configuration: a deployment's environment variables, and what an operator has pushed."""
