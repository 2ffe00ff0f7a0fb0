"""The tables: what their columns are, and how the SQL of a model is rendered for a scope and a dialect."""
