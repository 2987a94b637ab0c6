"""Decides who answers an event, and explains the decision. Pure throughout."""
