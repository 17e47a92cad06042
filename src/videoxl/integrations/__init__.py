"""Videoxl inside other programs. Each has a folder here; none of them is needed by videoxl itself."""
