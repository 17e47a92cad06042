"""Tasks for `lmms-eval --include_path`. A YAML loads the functions it names from the file beside it."""
