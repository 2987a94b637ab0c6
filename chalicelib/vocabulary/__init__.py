"""The types in which every part of the hub speaks; they import only the standard library and each other."""
