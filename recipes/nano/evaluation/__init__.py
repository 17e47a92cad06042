"""How nano is measured, in parts: films, what a model makes of them, questions, scores, and the levels beside them."""
