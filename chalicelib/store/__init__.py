"""The stage's one table: reading and writing it, the shapes and keys of its rows, the packing of bodies."""
