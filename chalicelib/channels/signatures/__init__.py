"""The schemes by which requests are proved genuine: one per file; a channel declares the one it uses."""
