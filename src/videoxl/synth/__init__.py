"""Films whose facts are known: pictures and footage, needles, lazy timelines, questions with exact answers."""
