"""The pages of charts and Helm releases."""
