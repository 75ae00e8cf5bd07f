"""Pages about ratings: their rulebooks, ledgers, drift, quizzes and the weeks to come."""
