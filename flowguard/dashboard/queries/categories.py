"""The categories to choose from."""

from flowguard.dashboard.query import Query

CATEGORIES = Query("""
SELECT category FROM gold.food_performance WHERE date >= $first AND date <= $last
UNION
SELECT category FROM gold.category_conversion WHERE date >= $first AND date <= $last
ORDER BY category
""")
