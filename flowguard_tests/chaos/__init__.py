"""Faults at random under steady traffic: ``make chaos MINUTES=… [SEED=…]``."""
