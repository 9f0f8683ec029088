"""A judge of drawn people: reads a drawing's emotion and who it shows, learnt from other people."""
