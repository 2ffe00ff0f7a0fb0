"""Spark gives the tables that the embedded engine gives."""
