"""What AWS is told to build for a stage, beside the functions that Chalice packages."""
