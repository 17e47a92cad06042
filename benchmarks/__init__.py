"""Measurements behind every number that the documentation states, and the readable oracles they compare with."""
