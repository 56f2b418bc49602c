"""The pages of sources of webhooks."""
