"""Examples, curriculum, trainer, recipes."""
