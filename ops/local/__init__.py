"""Runs the whole hub on this machine, with a stand-in CRM and a real Tryton."""
