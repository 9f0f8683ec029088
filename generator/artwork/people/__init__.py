"""Emoji heads of people: any person, any emotion, from named parameters."""
