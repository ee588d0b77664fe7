-- An order was placed, its payment failed, and no attempt followed: the event checkout-abandoned, once for an order.
--
-- By Kafka's time, so the order of arrival does not matter, and time goes on with the events of the three types alone: in
-- a quiet hour the event comes with the next of them. A failure that comes too late asks nobody, and is counted.
-- That nothing followed is known when half of the time has passed once more: the join looks no more often.
SET 'table.exec.state.ttl' = '3 h';

CREATE TEMPORARY VIEW attempts AS
SELECT tenant, data_orderId AS order_id, 'failed' AS outcome, id, `at` FROM payment_failed
UNION ALL
SELECT tenant, data_orderId AS order_id, 'succeeded' AS outcome, id, `at` FROM payment_succeeded;

-- The join takes a failure that comes after its time for one that nothing followed: what did is forgotten by then.
CREATE TEMPORARY VIEW failures AS
SELECT *, (
  `at` > CURRENT_WATERMARK(`at`) - INTERVAL '${CHECKOUT_ABANDONED_AFTER}' MINUTE TO SECOND
) IS NOT FALSE AS in_time
FROM payment_failed;

-- Failures that were the last attempt. A success may be stored a little before the failure that it follows.
CREATE TEMPORARY VIEW last_failures AS
SELECT failure.*
FROM (SELECT * FROM failures WHERE in_time) AS failure
LEFT JOIN attempts AS attempt
  ON attempt.tenant = failure.tenant
  AND attempt.order_id = failure.data_orderId
  AND attempt.`at` BETWEEN failure.`at` - INTERVAL '2' SECOND
    AND failure.`at` + INTERVAL '${CHECKOUT_ABANDONED_AFTER}' MINUTE TO SECOND
  AND (attempt.outcome = 'succeeded' OR attempt.`at` > failure.`at`)
WHERE attempt.id IS NULL;

CREATE TEMPORARY VIEW abandoned AS
SELECT *
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, order_source, order_event ORDER BY joined) AS occurrence
  FROM (
    SELECT
      placed.tenant, placed.source AS order_source, placed.id AS order_event, placed.`time` AS ordered_at,
      COALESCE(placed.correlationid, placed.id) AS correlationid,
      placed.data_orderId AS order_id, placed.data_customer_id AS customer_id,
      placed.data_customer_email AS customer_email,
      placed.data_total_amount AS amount, placed.data_total_currency AS currency,
      failure.id AS failure_event, failure.`time` AS failed_at, failure.receivedat, failure.traceparent,
      failure.data_attempt AS attempts, failure.data_reason AS reason,
      CASE failure.priority WHEN 'high' THEN 'high' ELSE 'normal' END AS priority,
      PROCTIME() AS joined
    FROM last_failures AS failure
    JOIN order_placed AS placed
      ON placed.tenant = failure.tenant
      AND placed.data_orderId = failure.data_orderId
      AND placed.`at` BETWEEN failure.`at` - INTERVAL '60:00' MINUTE TO SECOND AND failure.`at` + INTERVAL '2' SECOND
  )
)
WHERE occurrence = 1;

CREATE TEMPORARY TABLE checkout_abandoned_lanes (`lane` STRING NOT NULL METADATA FROM 'topic')
WITH ('topic' = 'events.checkout-abandoned.high;events.checkout-abandoned.normal') LIKE derived_events;

EXECUTE STATEMENT SET BEGIN

INSERT INTO checkout_abandoned_lanes
SELECT customer_id, JSON_OBJECT(
  KEY 'specversion' VALUE '1.0',
  KEY 'id' VALUE LEFT(SHA256(
    tenant || U&'\000A' || order_source || U&'\000A' || order_event || U&'\000A' || 'checkout-abandoned'
  ), 40),
  KEY 'source' VALUE '/streams/checkout-abandoned',
  KEY 'type' VALUE 'checkout-abandoned',
  KEY 'time' VALUE failed_at,
  KEY 'datacontenttype' VALUE 'application/json',
  KEY 'dataschema' VALUE 'urn:sluice:checkout-abandoned:1',
  KEY 'priority' VALUE priority,
  KEY 'receivedat' VALUE receivedat,
  KEY 'tenant' VALUE tenant,
  KEY 'traceparent' VALUE traceparent,
  KEY 'correlationid' VALUE correlationid,
  KEY 'causationid' VALUE failure_event,
  KEY 'data' VALUE JSON_OBJECT(
    KEY 'orderId' VALUE order_id,
    KEY 'customer' VALUE JSON_OBJECT(KEY 'id' VALUE customer_id, KEY 'email' VALUE customer_email),
    KEY 'total' VALUE JSON_OBJECT(KEY 'amount' VALUE amount, KEY 'currency' VALUE currency),
    KEY 'attempts' VALUE attempts,
    KEY 'lastReason' VALUE reason,
    KEY 'orderedAt' VALUE ordered_at,
    KEY 'lastFailedAt' VALUE failed_at
  )
  ABSENT ON NULL
), MAP['content-type', ENCODE('application/cloudevents+json', 'UTF-8')], 'events.checkout-abandoned.' || priority
FROM abandoned;

INSERT INTO late SELECT `topic`, `partition`, `offset` FROM failures WHERE NOT in_time;

INSERT INTO unreadable
SELECT * FROM order_placed_unreadable
UNION ALL SELECT * FROM payment_failed_unreadable
UNION ALL SELECT * FROM payment_succeeded_unreadable;

END;
