"""Charts and Helm releases over REST."""
