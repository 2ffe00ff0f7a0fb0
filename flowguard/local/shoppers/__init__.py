"""Simulated shoppers: deterministic by seed, and with their own account of what GOLD must say."""

from flowguard.local.shoppers.account import Account
from flowguard.local.shoppers.traffic import Delivery, Outcome, Plan, Route, history, live

__all__ = ["Account", "Delivery", "Outcome", "Plan", "Route", "history", "live"]
