"""The daily report: figures of a UTC day, asked from one snapshot, as charts, an HTML page and a Markdown text."""
