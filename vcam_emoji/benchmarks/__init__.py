"""What the product claims about itself, measured: one module a claim."""
