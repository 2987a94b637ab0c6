"""Packages a stage and puts it into AWS."""
