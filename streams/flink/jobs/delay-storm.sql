-- Many delayed shipments of one carrier or warehouse within minutes: shipment events of the tenant are urgent, and its
-- page views can wait. A decision cannot name a carrier, so it holds for all shipment events of the tenant.
--
-- Counts in windows by Kafka's time, so the order of arrival does not matter. What comes after its window is late:
-- dropped, and counted by Flink as numLateRecordsDropped of the window's operator.

CREATE TEMPORARY VIEW storms AS
SELECT tenant, 'carrier' AS place, data_carrier AS name, window_end, COUNT(DISTINCT source || ' ' || id) AS shipments
FROM TABLE(HOP(
  TABLE shipment_delayed, DESCRIPTOR(`at`),
  INTERVAL '${DELAY_STORM_EVERY}' MINUTE TO SECOND, INTERVAL '${DELAY_STORM_WITHIN}' MINUTE TO SECOND
))
GROUP BY tenant, data_carrier, window_start, window_end
HAVING COUNT(DISTINCT source || ' ' || id) >= ${DELAY_STORM_COUNT}
UNION ALL
SELECT tenant, 'warehouse' AS place, data_warehouse AS name, window_end, COUNT(DISTINCT source || ' ' || id) AS shipments
FROM TABLE(HOP(
  TABLE shipment_delayed, DESCRIPTOR(`at`),
  INTERVAL '${DELAY_STORM_EVERY}' MINUTE TO SECOND, INTERVAL '${DELAY_STORM_WITHIN}' MINUTE TO SECOND
))
GROUP BY tenant, data_warehouse, window_start, window_end
HAVING COUNT(DISTINCT source || ' ' || id) >= ${DELAY_STORM_COUNT};

CREATE TEMPORARY VIEW effects AS
SELECT 'raise' AS action, 'shipment-delayed' AS `type`, 'high' AS priority, * FROM storms
UNION ALL
SELECT 'lower' AS action, 'page-viewed' AS `type`, 'low' AS priority, * FROM storms;

EXECUTE STATEMENT SET BEGIN

INSERT INTO decisions
SELECT id, JSON_OBJECT(
  KEY 'id' VALUE id,
  KEY 'action' VALUE action,
  KEY 'scope' VALUE JSON_OBJECT(KEY 'tenant' VALUE tenant, KEY 'type' VALUE `type`),
  KEY 'priority' VALUE priority,
  KEY 'reason' VALUE CAST(shipments AS STRING) || ' delayed shipments within ${DELAY_STORM_WITHIN} minutes, ' || place || ' ' || name,
  KEY 'evidence' VALUE JSON_OBJECT(KEY place VALUE name, KEY 'shipments' VALUE shipments),
  KEY 'by' VALUE 'delay-storm',
  KEY 'from' VALUE DATE_FORMAT(window_end, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''),
  KEY 'until' VALUE DATE_FORMAT(window_end + INTERVAL '${DELAY_STORM_HOLD}' MINUTE TO SECOND, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
)
FROM (SELECT 'delay-storm/' || tenant || '/' || place || '/' || name || '/' || `type` AS id, * FROM effects);

INSERT INTO unreadable SELECT * FROM shipment_delayed_unreadable;

END;
