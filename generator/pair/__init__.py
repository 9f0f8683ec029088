"""Two StyleGAN2 generators for one latent: a person's photograph, and the same person drawn."""
