"""The loop: plan, read, decode, commit, report; and the rebuilding of days."""
