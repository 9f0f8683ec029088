"""The personal emoji set, made offline."""
