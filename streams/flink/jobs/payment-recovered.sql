-- A customer who pays at last, after two failures or more within ten minutes: the orders of whoever tried so hard go
-- first for an hour.
--
-- By Kafka's time: failures and successes are in different topics, and only time tells their order. What is late is
-- dropped, and counted by Flink as numLateRecordsDropped of the pattern's operator.
SET 'table.exec.state.ttl' = '15 min';

CREATE TEMPORARY VIEW payments AS
SELECT tenant, customer, outcome, id, `at`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, source, id, outcome ORDER BY arrived) AS occurrence
  FROM (
    SELECT tenant, source, id, data_customer_id AS customer, 'failed' AS outcome, `at`, arrived FROM payment_failed
    UNION ALL
    SELECT tenant, source, id, data_customer_id AS customer, 'succeeded' AS outcome, `at`, arrived FROM payment_succeeded
  )
)
WHERE occurrence = 1;

CREATE TEMPORARY VIEW recoveries AS
SELECT 'payment-recovered/' || tenant || '/' || customer AS id, *
FROM payments MATCH_RECOGNIZE (
  PARTITION BY tenant, customer
  ORDER BY `at`
  MEASURES
    COUNT(failure.id) AS failures,
    success.id AS event,
    CAST(success.`at` AS TIMESTAMP_LTZ(3)) AS paid_at
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (failure{2,} success) WITHIN INTERVAL '${PAYMENT_RECOVERED_WITHIN}' MINUTE TO SECOND
  DEFINE
    failure AS failure.outcome = 'failed',
    success AS success.outcome = 'succeeded'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO decisions
SELECT id, JSON_OBJECT(
  KEY 'id' VALUE id,
  KEY 'action' VALUE 'raise',
  KEY 'scope' VALUE JSON_OBJECT(KEY 'tenant' VALUE tenant, KEY 'type' VALUE 'order-placed', KEY 'key' VALUE customer),
  KEY 'priority' VALUE 'high',
  KEY 'reason' VALUE 'Paid after ' || CAST(failures AS STRING) || ' failures within ${PAYMENT_RECOVERED_WITHIN} minutes',
  KEY 'evidence' VALUE JSON_OBJECT(KEY 'failures' VALUE failures, KEY 'events' VALUE JSON_ARRAY(event)),
  KEY 'by' VALUE 'payment-recovered',
  KEY 'from' VALUE DATE_FORMAT(paid_at, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''),
  KEY 'until' VALUE DATE_FORMAT(paid_at + INTERVAL '${PAYMENT_RECOVERED_HOLD}' MINUTE TO SECOND, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
)
FROM recoveries;

INSERT INTO unreadable
SELECT * FROM payment_failed_unreadable
UNION ALL SELECT * FROM payment_succeeded_unreadable;

END;
