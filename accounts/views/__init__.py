"""Pages about people: signing in, oneself, tokens, teams, users."""
