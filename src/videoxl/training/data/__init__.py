"""From files that people have to what one training step takes.

A data file is an `ExampleSource`, sources are mixed into a run by `Mixture`, and `TrainingDataset` makes item i of it:
media read, text as the chat template writes it, labels on what the assistant says.
"""
