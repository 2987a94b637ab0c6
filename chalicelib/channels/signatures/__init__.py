"""How a platform's request is proved genuine: one scheme per file, declared by channels as data."""
