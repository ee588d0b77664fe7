-- A template: copy it to ../jobs/<name>.sql, and its test with it. docs/streams.md says how, and what to mind.
--
-- Three orders of a customer within an hour: the customer's orders go first for a day.

-- How long anything is remembered. Everything that is looked for has to fit.
SET 'table.exec.state.ttl' = '2 h';

-- What is looked at: a type of ../tables.sql, each event once.
CREATE TEMPORARY VIEW orders AS
SELECT tenant, data_customer_id AS customer, id, CAST(`at` AS TIMESTAMP_LTZ(3)) AS ordered_at, arrived
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, source, id ORDER BY arrived) AS occurrence
  FROM order_placed
)
WHERE occurrence = 1;

-- What is found. One row more means one decision more, so the id says whom it is about and nothing else.
CREATE TEMPORARY VIEW regulars AS
SELECT '${JOB}/' || tenant || '/' || customer AS id, *
FROM (
  SELECT
    tenant, customer, ordered_at,
    COUNT(*) OVER recent AS orders,
    FIRST_VALUE(ordered_at) OVER recent AS since,
    '[' || LISTAGG(JSON_QUOTE(id)) OVER recent || ']' AS events
  FROM orders
  WINDOW recent AS (PARTITION BY tenant, customer ORDER BY arrived ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
)
WHERE orders = 3 AND ordered_at <= since + INTERVAL '60:00' MINUTE TO SECOND;

EXECUTE STATEMENT SET BEGIN

-- What gateways shall do. The times are those of the events, never the present.
INSERT INTO decisions
SELECT id, JSON_OBJECT(
  KEY 'id' VALUE id,
  KEY 'action' VALUE 'raise',
  KEY 'scope' VALUE JSON_OBJECT(KEY 'tenant' VALUE tenant, KEY 'type' VALUE 'order-placed', KEY 'key' VALUE customer),
  KEY 'priority' VALUE 'high',
  KEY 'reason' VALUE '3 orders within an hour',
  KEY 'evidence' VALUE JSON_OBJECT(KEY 'orders' VALUE orders, KEY 'events' VALUE JSON(events)),
  KEY 'by' VALUE '${JOB}',
  KEY 'from' VALUE DATE_FORMAT(ordered_at, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''),
  KEY 'until' VALUE DATE_FORMAT(ordered_at + INTERVAL '1' DAY, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
)
FROM regulars;

-- What was no event is counted, for each type that is looked at: UNION ALL.
INSERT INTO unreadable SELECT * FROM order_placed_unreadable;

END;
