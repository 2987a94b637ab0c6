"""Runs the stand-in CRM: a page that shows what the hub delivered."""
