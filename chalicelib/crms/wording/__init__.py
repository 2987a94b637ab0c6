"""The words that connectors write for the people who work in a CRM."""
