"""What models and tasks are made of."""
