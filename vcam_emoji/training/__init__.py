"""Train, evaluate and export the emotion network (needs the `generator` extra)."""
