"""The pages: which panels there are, in which order, and what they say."""
