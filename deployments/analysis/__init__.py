"""Analysis templates, their measurements, and what is shown of them. What they decide is the engine's."""
