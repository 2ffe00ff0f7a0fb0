"""What came in, where it went, and what was refused. Days are those of arrival in Kafka."""

from flowguard.dashboard.query import Query

TAKEN_IN = Query("""
SELECT
    topic, DATE_TRUNC('minute', committed_at) AS minute,
    CAST(SUM(bronze_rows + quarantined) AS BIGINT) AS events
FROM ops.ingest_ranges
WHERE arrival_date >= $first AND arrival_date <= $last AND kind = 'records'
GROUP BY topic, DATE_TRUNC('minute', committed_at)
ORDER BY minute, topic
""")
LEDGER = Query("""
SELECT
    topic, CAST(SUM(offsets) AS BIGINT) AS offsets, CAST(SUM(bronze_rows) AS BIGINT) AS bronze_rows,
    CAST(SUM(quarantined) AS BIGINT) AS quarantined, CAST(SUM(skipped) AS BIGINT) AS skipped,
    CAST(SUM(lost) AS BIGINT) AS lost, CAST(SUM(silver_rows) AS BIGINT) AS silver_rows,
    CAST(SUM(duplicates) AS BIGINT) AS duplicates, CAST(SUM(rejected) AS BIGINT) AS rejected,
    BOOL_AND(balanced) AS balanced
FROM gold.flow_ledger
WHERE arrival_date >= $first AND arrival_date <= $last
GROUP BY topic
ORDER BY topic
""")
IN_GOLD = Query("""
SELECT 'orders' AS kind, CAST(SUM(total_orders) AS BIGINT) AS events
FROM gold.daily_order_metrics
WHERE date >= $first AND date <= $last
UNION ALL
SELECT 'impressions and clicks', CAST(SUM(impressions + clicks) AS BIGINT)
FROM gold.category_conversion
WHERE date >= $first AND date <= $last
""")
REFUSED_SHARE = Query("""
SELECT
    arrival_date AS date, CAST(SUM(offsets) AS BIGINT) AS offsets,
    CAST(SUM(quarantined + rejected) AS BIGINT) AS refused
FROM gold.flow_ledger
WHERE arrival_date >= $first AND arrival_date <= $last
GROUP BY arrival_date
ORDER BY arrival_date
""")
RULES = Query("""
SELECT _arrival_date AS date, stage, rule, status, COUNT(*) AS entries
FROM ops.quarantine
WHERE _arrival_date >= $first AND _arrival_date <= $last
GROUP BY _arrival_date, stage, rule, status
ORDER BY date, stage, rule, status
""")
EXAMPLES = Query("""
SELECT rule, stage, _topic AS topic, _arrived_at AS arrived_at, message, payload
FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY rule ORDER BY _arrived_at DESC, _topic, _partition, _offset) AS age
    FROM ops.quarantine
    WHERE _arrival_date >= $first AND _arrival_date <= $last
) AS entries
WHERE age <= 3
ORDER BY rule, arrived_at DESC
""")
FAILING = Query("""
SELECT table_name, check_name, day, severity, failing_rows, description, since, evaluated_at, override_reason
FROM ops.check_failures
WHERE day IS NULL OR (day >= $first AND day <= $last)
ORDER BY severity, table_name, check_name, day DESC
""")
ALERTS = Query("""
SELECT severity, state, title, days, times, began_at, over_at, id
FROM ops.alerts
WHERE state = 'open' OR (CAST(began_at AS DATE) >= $first AND CAST(began_at AS DATE) <= $last)
ORDER BY state, began_at DESC, id
""")
