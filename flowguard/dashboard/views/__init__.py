"""The pages: which panels there are, in which order, and what they say. A folder `pages` would be Streamlit's."""
