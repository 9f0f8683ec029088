"""Checkpoints of StyleGAN2 in every form they come in, read without running anything in them."""
