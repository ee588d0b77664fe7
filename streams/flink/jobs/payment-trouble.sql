-- Three failed payments of a customer within five minutes: all that the customer does is urgent for fifteen.
--
-- Counts in the order of arrival, so a decision waits for no watermark. The times that it compares are Kafka's, so that
-- a job that was down decides about what it missed as it would have.
SET 'table.exec.state.ttl' = '10 min';

-- A repeat of an event is not another failure.
CREATE TEMPORARY VIEW failures AS
SELECT tenant, data_customer_id AS customer, id, CAST(`at` AS TIMESTAMP_LTZ(3)) AS failed_at, arrived
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, source, id ORDER BY arrived) AS occurrence
  FROM payment_failed
)
WHERE occurrence = 1;

CREATE TEMPORARY VIEW trouble AS
SELECT 'payment-trouble/' || tenant || '/' || customer AS id, *
FROM (
  SELECT
    tenant, customer, failed_at,
    COUNT(*) OVER recent AS failures,
    FIRST_VALUE(failed_at) OVER recent AS since,
    '[' || LISTAGG(JSON_QUOTE(id)) OVER recent || ']' AS events
  FROM failures
  WINDOW recent AS (PARTITION BY tenant, customer ORDER BY arrived ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
)
WHERE failures = 3 AND failed_at <= since + INTERVAL '${PAYMENT_TROUBLE_WITHIN}' MINUTE TO SECOND;

EXECUTE STATEMENT SET BEGIN

INSERT INTO decisions
SELECT id, JSON_OBJECT(
  KEY 'id' VALUE id,
  KEY 'action' VALUE 'raise',
  KEY 'scope' VALUE JSON_OBJECT(KEY 'tenant' VALUE tenant, KEY 'key' VALUE customer),
  KEY 'priority' VALUE 'high',
  KEY 'reason' VALUE '3 failed payments within ${PAYMENT_TROUBLE_WITHIN} minutes',
  KEY 'evidence' VALUE JSON_OBJECT(KEY 'failures' VALUE failures, KEY 'events' VALUE JSON(events)),
  KEY 'by' VALUE 'payment-trouble',
  KEY 'from' VALUE DATE_FORMAT(failed_at, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''),
  KEY 'until' VALUE DATE_FORMAT(failed_at + INTERVAL '${PAYMENT_TROUBLE_HOLD}' MINUTE TO SECOND, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
)
FROM trouble;

INSERT INTO unreadable SELECT * FROM payment_failed_unreadable;

END;
