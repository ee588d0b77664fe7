-- The same content of one key under different ids within ten minutes: reported, and suppressed where that is wanted.
--
-- Counts in the order of arrival; the times that it compares are Kafka's. Content is the data's JSON text as it is stored.
SET 'table.exec.state.ttl' = '15 min';

-- A repeat of an event, with its id, is not meant: services drop it by themselves.
CREATE TEMPORARY VIEW contents AS
SELECT tenant, `type`, source, id, priority, receivedat, correlationid, traceparent, `time`, `key`,
  SHA256(data) AS content, CAST(`at` AS TIMESTAMP_LTZ(3)) AS seen_at, arrived
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, source, id ORDER BY arrived) AS occurrence
  FROM posted_event
)
WHERE occurrence = 1;

CREATE TEMPORARY VIEW repeats AS
SELECT *
FROM (
  SELECT *,
    LAG(id) OVER (PARTITION BY tenant, `type`, `key`, content ORDER BY arrived) AS earlier_id,
    LAG(seen_at) OVER (PARTITION BY tenant, `type`, `key`, content ORDER BY arrived) AS earlier_seen_at
  FROM contents
)
WHERE seen_at <= earlier_seen_at + INTERVAL '${DUPLICATES_WITHIN}' MINUTE TO SECOND;

-- Of these types a repeat is never wanted. Of others it may be: two orders of the same things are two orders.
CREATE TEMPORARY VIEW unwanted AS
SELECT 'duplicates/' || tenant || '/' || `type` || '/' || content AS decision_id, *
FROM repeats
WHERE `type` IN ('page-viewed');

CREATE TEMPORARY TABLE content_repeated_lanes
WITH ('topic' = 'events.content-repeated.low') LIKE derived_events;

EXECUTE STATEMENT SET BEGIN

INSERT INTO decisions
SELECT decision_id, JSON_OBJECT(
  KEY 'id' VALUE decision_id,
  KEY 'action' VALUE 'suppress',
  KEY 'scope' VALUE JSON_OBJECT(
    KEY 'tenant' VALUE tenant, KEY 'type' VALUE `type`, KEY 'key' VALUE `key`, KEY 'content' VALUE content
  ),
  KEY 'reason' VALUE 'The same content within ${DUPLICATES_WITHIN} minutes',
  KEY 'evidence' VALUE JSON_OBJECT(KEY 'events' VALUE JSON_ARRAY(earlier_id, id)),
  KEY 'by' VALUE 'duplicates',
  KEY 'from' VALUE DATE_FORMAT(seen_at, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''),
  KEY 'until' VALUE DATE_FORMAT(seen_at + INTERVAL '${DUPLICATES_WITHIN}' MINUTE TO SECOND, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
)
FROM unwanted;

INSERT INTO content_repeated_lanes
SELECT `key`, JSON_OBJECT(
  KEY 'specversion' VALUE '1.0',
  KEY 'id' VALUE LEFT(SHA256(tenant || U&'\000A' || source || U&'\000A' || id || U&'\000A' || 'content-repeated'), 40),
  KEY 'source' VALUE '/streams/duplicates',
  KEY 'type' VALUE 'content-repeated',
  KEY 'time' VALUE `time`,
  KEY 'datacontenttype' VALUE 'application/json',
  KEY 'dataschema' VALUE 'urn:sluice:content-repeated:1',
  KEY 'priority' VALUE 'low',
  KEY 'receivedat' VALUE receivedat,
  KEY 'tenant' VALUE tenant,
  KEY 'traceparent' VALUE traceparent,
  KEY 'correlationid' VALUE COALESCE(correlationid, id),
  KEY 'causationid' VALUE id,
  KEY 'data' VALUE JSON_OBJECT(
    KEY 'type' VALUE `type`,
    KEY 'source' VALUE source,
    KEY 'key' VALUE `key`,
    KEY 'content' VALUE content,
    KEY 'ids' VALUE JSON_ARRAY(earlier_id, id),
    KEY 'firstSeenAt' VALUE DATE_FORMAT(earlier_seen_at, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''),
    KEY 'lastSeenAt' VALUE DATE_FORMAT(seen_at, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')
  )
  ABSENT ON NULL
), MAP['content-type', ENCODE('application/cloudevents+json', 'UTF-8')]
FROM repeats;

INSERT INTO unreadable SELECT * FROM posted_event_unreadable;

END;
