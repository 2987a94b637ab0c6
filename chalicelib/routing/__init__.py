"""Who answers: from the facts of an event to a decision that explains itself. Pure throughout."""
