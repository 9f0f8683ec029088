"""Emoji faces drawn by our own code."""
