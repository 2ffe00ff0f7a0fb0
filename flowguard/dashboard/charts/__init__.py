"""Charts, drawn by Vega-Lite in the reader's browser. Colours are the theme's, so they follow it into the dark."""
