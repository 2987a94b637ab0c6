"""What the hub costs: in milliseconds, in bytes, in AWS calls and units, and in dollars."""
