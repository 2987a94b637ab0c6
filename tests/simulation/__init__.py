"""A seeded world in which the real pipeline runs on simulated AWS, and a judge of the promises it makes."""
