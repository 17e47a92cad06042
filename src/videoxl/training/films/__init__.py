"""A small model taught from code alone: endless pictures, films of cached frames, and talk about them."""
