"""Official weights to ours and back."""
