-- Derived from the catalogue: npm run derive.
--
-- <type>             the events of a type: the envelope's attributes, and data_<path> of the data
-- <type>_unreadable  the records that are no such event
-- <type>_records, <type>_plain, <type>_both  what both are made of: the setting EVENT_FORMS is plain or both
--
-- Plain: a record that is JSON is parsed once, into columns; what is no JSON vanishes there, so it is found among the records as
-- they are. A fault in one column makes that one null.
-- Both: a framed record begins with a zero byte and its schema's id, four bytes; its attributes are headers. No format of Flink
-- reads that, so all are read by a function for each column, from one source, so that they keep their order. UNNEST makes a
-- row of them that is worked out once: the planner would copy each to wherever it is used.
-- The views leave out what was sent once more by a redrive or replay: it has been counted when it was new.

-- order-placed, version 1
CREATE TEMPORARY TABLE order_placed_records (`value` STRING)
WITH ('topic' = 'events.order-placed.high;events.order-placed.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE order_placed_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `total` ROW<`amount` BIGINT, `currency` STRING>, `items` STRING>
)
WITH ('topic' = 'events.order-placed.high;events.order-placed.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW order_placed_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM order_placed_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["orderId"]'), ROW(JSON_VALUE(`text`, '$["customer"]["id"]'), JSON_VALUE(`text`, '$["customer"]["email"]')), ROW(TRY_CAST(JSON_VALUE(`text`, '$["total"]["amount"]') AS BIGINT), JSON_VALUE(`text`, '$["total"]["currency"]')), COALESCE(JSON_QUERY(`text`, '$["items"]'), JSON_VALUE(`text`, '$["items"]'))) AS ROW<`orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `total` ROW<`amount` BIGINT, `currency` STRING>, `items` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW order_placed AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`customer`.`id` AS `data_customer_id`,
  `data`.`customer`.`email` AS `data_customer_email`,
  `data`.`total`.`amount` AS `data_total_amount`,
  `data`.`total`.`currency` AS `data_total_currency`,
  `data`.`items` AS `data_items`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM order_placed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`customer`.`id` IS NOT NULL
  AND `data`.`customer`.`email` IS NOT NULL
  AND `data`.`total`.`amount` IS NOT NULL
  AND `data`.`total`.`currency` IS NOT NULL;

CREATE TEMPORARY VIEW order_placed_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM order_placed_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM order_placed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`customer`.`id` IS NULL
  OR `data`.`customer`.`email` IS NULL
  OR `data`.`total`.`amount` IS NULL
  OR `data`.`total`.`currency` IS NULL
);

-- payment-failed, version 1
CREATE TEMPORARY TABLE payment_failed_records (`value` STRING)
WITH ('topic' = 'events.payment-failed.high;events.payment-failed.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE payment_failed_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`paymentId` STRING, `orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `amount` ROW<`amount` BIGINT, `currency` STRING>, `reason` STRING, `attempt` BIGINT>
)
WITH ('topic' = 'events.payment-failed.high;events.payment-failed.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW payment_failed_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM payment_failed_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["paymentId"]'), JSON_VALUE(`text`, '$["orderId"]'), ROW(JSON_VALUE(`text`, '$["customer"]["id"]'), JSON_VALUE(`text`, '$["customer"]["email"]')), ROW(TRY_CAST(JSON_VALUE(`text`, '$["amount"]["amount"]') AS BIGINT), JSON_VALUE(`text`, '$["amount"]["currency"]')), JSON_VALUE(`text`, '$["reason"]'), TRY_CAST(JSON_VALUE(`text`, '$["attempt"]') AS BIGINT)) AS ROW<`paymentId` STRING, `orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `amount` ROW<`amount` BIGINT, `currency` STRING>, `reason` STRING, `attempt` BIGINT>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW payment_failed AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`paymentId` AS `data_paymentId`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`customer`.`id` AS `data_customer_id`,
  `data`.`customer`.`email` AS `data_customer_email`,
  `data`.`amount`.`amount` AS `data_amount_amount`,
  `data`.`amount`.`currency` AS `data_amount_currency`,
  `data`.`reason` AS `data_reason`,
  `data`.`attempt` AS `data_attempt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM payment_failed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`paymentId` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`customer`.`id` IS NOT NULL
  AND `data`.`customer`.`email` IS NOT NULL
  AND `data`.`amount`.`amount` IS NOT NULL
  AND `data`.`amount`.`currency` IS NOT NULL
  AND `data`.`reason` IS NOT NULL
  AND `data`.`attempt` IS NOT NULL;

CREATE TEMPORARY VIEW payment_failed_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM payment_failed_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM payment_failed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`paymentId` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`customer`.`id` IS NULL
  OR `data`.`customer`.`email` IS NULL
  OR `data`.`amount`.`amount` IS NULL
  OR `data`.`amount`.`currency` IS NULL
  OR `data`.`reason` IS NULL
  OR `data`.`attempt` IS NULL
);

-- page-viewed, version 1
CREATE TEMPORARY TABLE page_viewed_records (`value` STRING)
WITH ('topic' = 'events.page-viewed.normal;events.page-viewed.low', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE page_viewed_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`visitorId` STRING, `sessionId` STRING, `url` STRING, `referrer` STRING, `userAgent` STRING, `viewportWidth` BIGINT, `pageOfSession` BIGINT>
)
WITH ('topic' = 'events.page-viewed.normal;events.page-viewed.low', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW page_viewed_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM page_viewed_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["visitorId"]'), JSON_VALUE(`text`, '$["sessionId"]'), JSON_VALUE(`text`, '$["url"]'), JSON_VALUE(`text`, '$["referrer"]'), JSON_VALUE(`text`, '$["userAgent"]'), TRY_CAST(JSON_VALUE(`text`, '$["viewportWidth"]') AS BIGINT), TRY_CAST(JSON_VALUE(`text`, '$["pageOfSession"]') AS BIGINT)) AS ROW<`visitorId` STRING, `sessionId` STRING, `url` STRING, `referrer` STRING, `userAgent` STRING, `viewportWidth` BIGINT, `pageOfSession` BIGINT>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW page_viewed AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`visitorId` AS `data_visitorId`,
  `data`.`sessionId` AS `data_sessionId`,
  `data`.`url` AS `data_url`,
  `data`.`referrer` AS `data_referrer`,
  `data`.`userAgent` AS `data_userAgent`,
  `data`.`viewportWidth` AS `data_viewportWidth`,
  `data`.`pageOfSession` AS `data_pageOfSession`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM page_viewed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`visitorId` IS NOT NULL
  AND `data`.`sessionId` IS NOT NULL
  AND `data`.`url` IS NOT NULL
  AND `data`.`userAgent` IS NOT NULL
  AND `data`.`viewportWidth` IS NOT NULL
  AND `data`.`pageOfSession` IS NOT NULL;

CREATE TEMPORARY VIEW page_viewed_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM page_viewed_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM page_viewed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`visitorId` IS NULL
  OR `data`.`sessionId` IS NULL
  OR `data`.`url` IS NULL
  OR `data`.`userAgent` IS NULL
  OR `data`.`viewportWidth` IS NULL
  OR `data`.`pageOfSession` IS NULL
);

-- user-registered, version 1
CREATE TEMPORARY TABLE user_registered_records (`value` STRING)
WITH ('topic' = 'events.user-registered.normal;events.user-registered.low', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE user_registered_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`userId` STRING, `email` STRING, `name` STRING, `locale` STRING, `plan` STRING>
)
WITH ('topic' = 'events.user-registered.normal;events.user-registered.low', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW user_registered_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM user_registered_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["userId"]'), JSON_VALUE(`text`, '$["email"]'), JSON_VALUE(`text`, '$["name"]'), JSON_VALUE(`text`, '$["locale"]'), JSON_VALUE(`text`, '$["plan"]')) AS ROW<`userId` STRING, `email` STRING, `name` STRING, `locale` STRING, `plan` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW user_registered AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`userId` AS `data_userId`,
  `data`.`email` AS `data_email`,
  `data`.`name` AS `data_name`,
  `data`.`locale` AS `data_locale`,
  `data`.`plan` AS `data_plan`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM user_registered_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`userId` IS NOT NULL
  AND `data`.`email` IS NOT NULL
  AND `data`.`name` IS NOT NULL
  AND `data`.`locale` IS NOT NULL
  AND `data`.`plan` IS NOT NULL;

CREATE TEMPORARY VIEW user_registered_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM user_registered_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM user_registered_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`userId` IS NULL
  OR `data`.`email` IS NULL
  OR `data`.`name` IS NULL
  OR `data`.`locale` IS NULL
  OR `data`.`plan` IS NULL
);

-- shipment-delayed, version 1
CREATE TEMPORARY TABLE shipment_delayed_records (`value` STRING)
WITH ('topic' = 'events.shipment-delayed.high;events.shipment-delayed.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE shipment_delayed_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`shipmentId` STRING, `orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `carrier` STRING, `warehouse` STRING, `delayDays` BIGINT, `expectedOn` STRING>
)
WITH ('topic' = 'events.shipment-delayed.high;events.shipment-delayed.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW shipment_delayed_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM shipment_delayed_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["shipmentId"]'), JSON_VALUE(`text`, '$["orderId"]'), ROW(JSON_VALUE(`text`, '$["customer"]["id"]'), JSON_VALUE(`text`, '$["customer"]["email"]')), JSON_VALUE(`text`, '$["carrier"]'), JSON_VALUE(`text`, '$["warehouse"]'), TRY_CAST(JSON_VALUE(`text`, '$["delayDays"]') AS BIGINT), JSON_VALUE(`text`, '$["expectedOn"]')) AS ROW<`shipmentId` STRING, `orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `carrier` STRING, `warehouse` STRING, `delayDays` BIGINT, `expectedOn` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW shipment_delayed AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`shipmentId` AS `data_shipmentId`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`customer`.`id` AS `data_customer_id`,
  `data`.`customer`.`email` AS `data_customer_email`,
  `data`.`carrier` AS `data_carrier`,
  `data`.`warehouse` AS `data_warehouse`,
  `data`.`delayDays` AS `data_delayDays`,
  `data`.`expectedOn` AS `data_expectedOn`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM shipment_delayed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`shipmentId` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`customer`.`id` IS NOT NULL
  AND `data`.`customer`.`email` IS NOT NULL
  AND `data`.`carrier` IS NOT NULL
  AND `data`.`warehouse` IS NOT NULL
  AND `data`.`delayDays` IS NOT NULL
  AND `data`.`expectedOn` IS NOT NULL;

CREATE TEMPORARY VIEW shipment_delayed_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM shipment_delayed_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM shipment_delayed_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`shipmentId` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`customer`.`id` IS NULL
  OR `data`.`customer`.`email` IS NULL
  OR `data`.`carrier` IS NULL
  OR `data`.`warehouse` IS NULL
  OR `data`.`delayDays` IS NULL
  OR `data`.`expectedOn` IS NULL
);

-- stock-reserved, version 1
CREATE TEMPORARY TABLE stock_reserved_records (`value` STRING)
WITH ('topic' = 'events.stock-reserved.high;events.stock-reserved.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE stock_reserved_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`orderId` STRING, `sku` STRING, `quantity` BIGINT>
)
WITH ('topic' = 'events.stock-reserved.high;events.stock-reserved.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW stock_reserved_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM stock_reserved_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["orderId"]'), JSON_VALUE(`text`, '$["sku"]'), TRY_CAST(JSON_VALUE(`text`, '$["quantity"]') AS BIGINT)) AS ROW<`orderId` STRING, `sku` STRING, `quantity` BIGINT>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW stock_reserved AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`sku` AS `data_sku`,
  `data`.`quantity` AS `data_quantity`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM stock_reserved_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`sku` IS NOT NULL
  AND `data`.`quantity` IS NOT NULL;

CREATE TEMPORARY VIEW stock_reserved_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM stock_reserved_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM stock_reserved_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`sku` IS NULL
  OR `data`.`quantity` IS NULL
);

-- fraud-check-requested, version 1
CREATE TEMPORARY TABLE fraud_check_requested_records (`value` STRING)
WITH ('topic' = 'events.fraud-check-requested.high;events.fraud-check-requested.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE fraud_check_requested_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`orderId` STRING, `customerId` STRING, `total` ROW<`amount` BIGINT, `currency` STRING>>
)
WITH ('topic' = 'events.fraud-check-requested.high;events.fraud-check-requested.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW fraud_check_requested_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM fraud_check_requested_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["orderId"]'), JSON_VALUE(`text`, '$["customerId"]'), ROW(TRY_CAST(JSON_VALUE(`text`, '$["total"]["amount"]') AS BIGINT), JSON_VALUE(`text`, '$["total"]["currency"]'))) AS ROW<`orderId` STRING, `customerId` STRING, `total` ROW<`amount` BIGINT, `currency` STRING>>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW fraud_check_requested AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`customerId` AS `data_customerId`,
  `data`.`total`.`amount` AS `data_total_amount`,
  `data`.`total`.`currency` AS `data_total_currency`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM fraud_check_requested_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`customerId` IS NOT NULL
  AND `data`.`total`.`amount` IS NOT NULL
  AND `data`.`total`.`currency` IS NOT NULL;

CREATE TEMPORARY VIEW fraud_check_requested_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM fraud_check_requested_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM fraud_check_requested_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`customerId` IS NULL
  OR `data`.`total`.`amount` IS NULL
  OR `data`.`total`.`currency` IS NULL
);

-- payment-retry-scheduled, version 1
CREATE TEMPORARY TABLE payment_retry_scheduled_records (`value` STRING)
WITH ('topic' = 'events.payment-retry-scheduled.high;events.payment-retry-scheduled.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE payment_retry_scheduled_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`paymentId` STRING, `orderId` STRING, `amount` ROW<`amount` BIGINT, `currency` STRING>, `attempt` BIGINT, `notBefore` STRING>
)
WITH ('topic' = 'events.payment-retry-scheduled.high;events.payment-retry-scheduled.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW payment_retry_scheduled_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM payment_retry_scheduled_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["paymentId"]'), JSON_VALUE(`text`, '$["orderId"]'), ROW(TRY_CAST(JSON_VALUE(`text`, '$["amount"]["amount"]') AS BIGINT), JSON_VALUE(`text`, '$["amount"]["currency"]')), TRY_CAST(JSON_VALUE(`text`, '$["attempt"]') AS BIGINT), JSON_VALUE(`text`, '$["notBefore"]')) AS ROW<`paymentId` STRING, `orderId` STRING, `amount` ROW<`amount` BIGINT, `currency` STRING>, `attempt` BIGINT, `notBefore` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW payment_retry_scheduled AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`paymentId` AS `data_paymentId`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`amount`.`amount` AS `data_amount_amount`,
  `data`.`amount`.`currency` AS `data_amount_currency`,
  `data`.`attempt` AS `data_attempt`,
  `data`.`notBefore` AS `data_notBefore`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM payment_retry_scheduled_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`paymentId` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`amount`.`amount` IS NOT NULL
  AND `data`.`amount`.`currency` IS NOT NULL
  AND `data`.`attempt` IS NOT NULL
  AND `data`.`notBefore` IS NOT NULL;

CREATE TEMPORARY VIEW payment_retry_scheduled_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM payment_retry_scheduled_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM payment_retry_scheduled_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`paymentId` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`amount`.`amount` IS NULL
  OR `data`.`amount`.`currency` IS NULL
  OR `data`.`attempt` IS NULL
  OR `data`.`notBefore` IS NULL
);

-- notification-requested, version 2
CREATE TEMPORARY TABLE notification_requested_records (`value` STRING)
WITH ('topic' = 'events.notification-requested.high;events.notification-requested.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE notification_requested_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`customer` ROW<`id` STRING, `email` STRING>, `template` STRING, `parameters` STRING>
)
WITH ('topic' = 'events.notification-requested.high;events.notification-requested.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW notification_requested_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM notification_requested_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(ROW(JSON_VALUE(`text`, '$["customer"]["id"]'), JSON_VALUE(`text`, '$["customer"]["email"]')), JSON_VALUE(`text`, '$["template"]'), COALESCE(JSON_QUERY(`text`, '$["parameters"]'), JSON_VALUE(`text`, '$["parameters"]'))) AS ROW<`customer` ROW<`id` STRING, `email` STRING>, `template` STRING, `parameters` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW notification_requested AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`customer`.`id` AS `data_customer_id`,
  `data`.`customer`.`email` AS `data_customer_email`,
  `data`.`template` AS `data_template`,
  `data`.`parameters` AS `data_parameters`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM notification_requested_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`customer`.`id` IS NOT NULL
  AND `data`.`customer`.`email` IS NOT NULL
  AND `data`.`template` IS NOT NULL;

CREATE TEMPORARY VIEW notification_requested_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM notification_requested_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM notification_requested_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`customer`.`id` IS NULL
  OR `data`.`customer`.`email` IS NULL
  OR `data`.`template` IS NULL
);

-- welcome-mail-requested, version 1
CREATE TEMPORARY TABLE welcome_mail_requested_records (`value` STRING)
WITH ('topic' = 'events.welcome-mail-requested.normal;events.welcome-mail-requested.low', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE welcome_mail_requested_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`userId` STRING, `email` STRING, `name` STRING, `language` STRING, `series` STRING>
)
WITH ('topic' = 'events.welcome-mail-requested.normal;events.welcome-mail-requested.low', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW welcome_mail_requested_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM welcome_mail_requested_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["userId"]'), JSON_VALUE(`text`, '$["email"]'), JSON_VALUE(`text`, '$["name"]'), JSON_VALUE(`text`, '$["language"]'), JSON_VALUE(`text`, '$["series"]')) AS ROW<`userId` STRING, `email` STRING, `name` STRING, `language` STRING, `series` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW welcome_mail_requested AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`userId` AS `data_userId`,
  `data`.`email` AS `data_email`,
  `data`.`name` AS `data_name`,
  `data`.`language` AS `data_language`,
  `data`.`series` AS `data_series`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM welcome_mail_requested_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`userId` IS NOT NULL
  AND `data`.`email` IS NOT NULL
  AND `data`.`name` IS NOT NULL
  AND `data`.`language` IS NOT NULL
  AND `data`.`series` IS NOT NULL;

CREATE TEMPORARY VIEW welcome_mail_requested_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM welcome_mail_requested_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM welcome_mail_requested_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`userId` IS NULL
  OR `data`.`email` IS NULL
  OR `data`.`name` IS NULL
  OR `data`.`language` IS NULL
  OR `data`.`series` IS NULL
);

-- page-view-enriched, version 1
CREATE TEMPORARY TABLE page_view_enriched_records (`value` STRING)
WITH ('topic' = 'events.page-view-enriched.normal;events.page-view-enriched.low', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE page_view_enriched_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`visitorId` STRING, `sessionId` STRING, `path` STRING, `device` STRING, `session` STRING, `arrivedFrom` STRING>
)
WITH ('topic' = 'events.page-view-enriched.normal;events.page-view-enriched.low', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW page_view_enriched_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM page_view_enriched_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["visitorId"]'), JSON_VALUE(`text`, '$["sessionId"]'), JSON_VALUE(`text`, '$["path"]'), JSON_VALUE(`text`, '$["device"]'), JSON_VALUE(`text`, '$["session"]'), JSON_VALUE(`text`, '$["arrivedFrom"]')) AS ROW<`visitorId` STRING, `sessionId` STRING, `path` STRING, `device` STRING, `session` STRING, `arrivedFrom` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW page_view_enriched AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`visitorId` AS `data_visitorId`,
  `data`.`sessionId` AS `data_sessionId`,
  `data`.`path` AS `data_path`,
  `data`.`device` AS `data_device`,
  `data`.`session` AS `data_session`,
  `data`.`arrivedFrom` AS `data_arrivedFrom`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM page_view_enriched_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`visitorId` IS NOT NULL
  AND `data`.`sessionId` IS NOT NULL
  AND `data`.`path` IS NOT NULL
  AND `data`.`device` IS NOT NULL
  AND `data`.`session` IS NOT NULL
  AND `data`.`arrivedFrom` IS NOT NULL;

CREATE TEMPORARY VIEW page_view_enriched_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM page_view_enriched_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM page_view_enriched_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`visitorId` IS NULL
  OR `data`.`sessionId` IS NULL
  OR `data`.`path` IS NULL
  OR `data`.`device` IS NULL
  OR `data`.`session` IS NULL
  OR `data`.`arrivedFrom` IS NULL
);

-- payment-succeeded, version 1
CREATE TEMPORARY TABLE payment_succeeded_records (`value` STRING)
WITH ('topic' = 'events.payment-succeeded.high;events.payment-succeeded.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE payment_succeeded_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`paymentId` STRING, `orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `amount` ROW<`amount` BIGINT, `currency` STRING>, `attempt` BIGINT>
)
WITH ('topic' = 'events.payment-succeeded.high;events.payment-succeeded.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW payment_succeeded_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM payment_succeeded_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["paymentId"]'), JSON_VALUE(`text`, '$["orderId"]'), ROW(JSON_VALUE(`text`, '$["customer"]["id"]'), JSON_VALUE(`text`, '$["customer"]["email"]')), ROW(TRY_CAST(JSON_VALUE(`text`, '$["amount"]["amount"]') AS BIGINT), JSON_VALUE(`text`, '$["amount"]["currency"]')), TRY_CAST(JSON_VALUE(`text`, '$["attempt"]') AS BIGINT)) AS ROW<`paymentId` STRING, `orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `amount` ROW<`amount` BIGINT, `currency` STRING>, `attempt` BIGINT>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW payment_succeeded AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`paymentId` AS `data_paymentId`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`customer`.`id` AS `data_customer_id`,
  `data`.`customer`.`email` AS `data_customer_email`,
  `data`.`amount`.`amount` AS `data_amount_amount`,
  `data`.`amount`.`currency` AS `data_amount_currency`,
  `data`.`attempt` AS `data_attempt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM payment_succeeded_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`paymentId` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`customer`.`id` IS NOT NULL
  AND `data`.`customer`.`email` IS NOT NULL
  AND `data`.`amount`.`amount` IS NOT NULL
  AND `data`.`amount`.`currency` IS NOT NULL
  AND `data`.`attempt` IS NOT NULL;

CREATE TEMPORARY VIEW payment_succeeded_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM payment_succeeded_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM payment_succeeded_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`paymentId` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`customer`.`id` IS NULL
  OR `data`.`customer`.`email` IS NULL
  OR `data`.`amount`.`amount` IS NULL
  OR `data`.`amount`.`currency` IS NULL
  OR `data`.`attempt` IS NULL
);

-- checkout-abandoned, version 1
CREATE TEMPORARY TABLE checkout_abandoned_records (`value` STRING)
WITH ('topic' = 'events.checkout-abandoned.high;events.checkout-abandoned.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE checkout_abandoned_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `total` ROW<`amount` BIGINT, `currency` STRING>, `attempts` BIGINT, `lastReason` STRING, `orderedAt` STRING, `lastFailedAt` STRING>
)
WITH ('topic' = 'events.checkout-abandoned.high;events.checkout-abandoned.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW checkout_abandoned_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM checkout_abandoned_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["orderId"]'), ROW(JSON_VALUE(`text`, '$["customer"]["id"]'), JSON_VALUE(`text`, '$["customer"]["email"]')), ROW(TRY_CAST(JSON_VALUE(`text`, '$["total"]["amount"]') AS BIGINT), JSON_VALUE(`text`, '$["total"]["currency"]')), TRY_CAST(JSON_VALUE(`text`, '$["attempts"]') AS BIGINT), JSON_VALUE(`text`, '$["lastReason"]'), JSON_VALUE(`text`, '$["orderedAt"]'), JSON_VALUE(`text`, '$["lastFailedAt"]')) AS ROW<`orderId` STRING, `customer` ROW<`id` STRING, `email` STRING>, `total` ROW<`amount` BIGINT, `currency` STRING>, `attempts` BIGINT, `lastReason` STRING, `orderedAt` STRING, `lastFailedAt` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW checkout_abandoned AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`orderId` AS `data_orderId`,
  `data`.`customer`.`id` AS `data_customer_id`,
  `data`.`customer`.`email` AS `data_customer_email`,
  `data`.`total`.`amount` AS `data_total_amount`,
  `data`.`total`.`currency` AS `data_total_currency`,
  `data`.`attempts` AS `data_attempts`,
  `data`.`lastReason` AS `data_lastReason`,
  `data`.`orderedAt` AS `data_orderedAt`,
  `data`.`lastFailedAt` AS `data_lastFailedAt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM checkout_abandoned_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`orderId` IS NOT NULL
  AND `data`.`customer`.`id` IS NOT NULL
  AND `data`.`customer`.`email` IS NOT NULL
  AND `data`.`total`.`amount` IS NOT NULL
  AND `data`.`total`.`currency` IS NOT NULL
  AND `data`.`attempts` IS NOT NULL
  AND `data`.`lastReason` IS NOT NULL
  AND `data`.`orderedAt` IS NOT NULL
  AND `data`.`lastFailedAt` IS NOT NULL;

CREATE TEMPORARY VIEW checkout_abandoned_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM checkout_abandoned_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM checkout_abandoned_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`orderId` IS NULL
  OR `data`.`customer`.`id` IS NULL
  OR `data`.`customer`.`email` IS NULL
  OR `data`.`total`.`amount` IS NULL
  OR `data`.`total`.`currency` IS NULL
  OR `data`.`attempts` IS NULL
  OR `data`.`lastReason` IS NULL
  OR `data`.`orderedAt` IS NULL
  OR `data`.`lastFailedAt` IS NULL
);

-- content-repeated, version 1
CREATE TEMPORARY TABLE content_repeated_records (`value` STRING)
WITH ('topic' = 'events.content-repeated.low', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE content_repeated_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` ROW<`type` STRING, `source` STRING, `key` STRING, `content` STRING, `ids` STRING, `firstSeenAt` STRING, `lastSeenAt` STRING>
)
WITH ('topic' = 'events.content-repeated.low', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW content_repeated_both AS
SELECT event.*, content.`data`
FROM (
  SELECT envelope.*, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
  FROM (SELECT *, LEFT(`value`, 1) = U&'\0000' AS `framed` FROM content_repeated_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
    CASE WHEN `framed` THEN DECODE(`headers`['ce_id'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["id"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_source'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["source"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_type'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["type"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_time'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["time"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_subject'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["subject"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_priority'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["priority"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_receivedat'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["receivedat"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["tenant"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_traceparent'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["traceparent"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_correlationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["correlationid"]') END,
    CASE WHEN `framed` THEN DECODE(`headers`['ce_causationid'], 'UTF-8') ELSE JSON_VALUE(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["causationid"]') END,
    CASE WHEN `framed` THEN DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') ELSE JSON_QUERY(DECODE(ENCODE(`value`, 'ISO-8859-1'), 'UTF-8'), '$["data"]') END
  )]) AS envelope (`id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `text`)
  WHERE `framed` OR `value` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  CAST(ROW(JSON_VALUE(`text`, '$["type"]'), JSON_VALUE(`text`, '$["source"]'), JSON_VALUE(`text`, '$["key"]'), JSON_VALUE(`text`, '$["content"]'), COALESCE(JSON_QUERY(`text`, '$["ids"]'), JSON_VALUE(`text`, '$["ids"]')), JSON_VALUE(`text`, '$["firstSeenAt"]'), JSON_VALUE(`text`, '$["lastSeenAt"]')) AS ROW<`type` STRING, `source` STRING, `key` STRING, `content` STRING, `ids` STRING, `firstSeenAt` STRING, `lastSeenAt` STRING>)
)]) AS content (`data`);

CREATE TEMPORARY VIEW content_repeated AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data`.`type` AS `data_type`,
  `data`.`source` AS `data_source`,
  `data`.`key` AS `data_key`,
  `data`.`content` AS `data_content`,
  `data`.`ids` AS `data_ids`,
  `data`.`firstSeenAt` AS `data_firstSeenAt`,
  `data`.`lastSeenAt` AS `data_lastSeenAt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM content_repeated_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data`.`type` IS NOT NULL
  AND `data`.`source` IS NOT NULL
  AND `data`.`key` IS NOT NULL
  AND `data`.`content` IS NOT NULL
  AND `data`.`firstSeenAt` IS NOT NULL
  AND `data`.`lastSeenAt` IS NOT NULL;

CREATE TEMPORARY VIEW content_repeated_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM content_repeated_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM content_repeated_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data`.`type` IS NULL
  OR `data`.`source` IS NULL
  OR `data`.`key` IS NULL
  OR `data`.`content` IS NULL
  OR `data`.`firstSeenAt` IS NULL
  OR `data`.`lastSeenAt` IS NULL
);

-- All types that producers post; data is its JSON text, as it is stored: without spaces, its members in their order. Numbers
-- that JSON writes with an exponent are written otherwise.
CREATE TEMPORARY TABLE posted_event_records (`value` STRING)
WITH ('topic' = 'events.order-placed.high;events.order-placed.normal;events.payment-failed.high;events.payment-failed.normal;events.page-viewed.normal;events.page-viewed.low;events.user-registered.normal;events.user-registered.low;events.shipment-delayed.high;events.shipment-delayed.normal;events.payment-succeeded.high;events.payment-succeeded.normal', 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE posted_event_plain (
  `id` STRING,
  `source` STRING,
  `type` STRING,
  `time` STRING,
  `subject` STRING,
  `priority` STRING,
  `receivedat` STRING,
  `tenant` STRING,
  `traceparent` STRING,
  `correlationid` STRING,
  `causationid` STRING,
  `data` STRING
)
WITH ('topic' = 'events.order-placed.high;events.order-placed.normal;events.payment-failed.high;events.payment-failed.normal;events.page-viewed.normal;events.page-viewed.low;events.user-registered.normal;events.user-registered.low;events.shipment-delayed.high;events.shipment-delayed.normal;events.payment-succeeded.high;events.payment-succeeded.normal', 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW posted_event_both AS
SELECT `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`, `data`, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived` FROM posted_event_plain
UNION ALL
SELECT
  DECODE(`headers`['ce_id'], 'UTF-8'),
  DECODE(`headers`['ce_source'], 'UTF-8'),
  DECODE(`headers`['ce_type'], 'UTF-8'),
  DECODE(`headers`['ce_time'], 'UTF-8'),
  DECODE(`headers`['ce_subject'], 'UTF-8'),
  DECODE(`headers`['ce_priority'], 'UTF-8'),
  DECODE(`headers`['ce_receivedat'], 'UTF-8'),
  DECODE(`headers`['ce_tenant'], 'UTF-8'),
  DECODE(`headers`['ce_traceparent'], 'UTF-8'),
  DECODE(`headers`['ce_correlationid'], 'UTF-8'),
  DECODE(`headers`['ce_causationid'], 'UTF-8'),
  CASE WHEN `text` IS JSON OBJECT THEN `text` END, `headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM (SELECT *, DECODE(ENCODE(SUBSTRING(`value` FROM 6), 'ISO-8859-1'), 'UTF-8') AS `text` FROM posted_event_records WHERE LEFT(`value`, 1) = U&'\0000');

CREATE TEMPORARY VIEW posted_event AS
SELECT
  `id`, `source`, `type`, `time`, `subject`, `priority`, `receivedat`, `tenant`, `traceparent`, `correlationid`, `causationid`,
  `data` AS `data`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`
FROM posted_event_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL
  AND `id` IS NOT NULL
  AND `source` IS NOT NULL
  AND `type` IS NOT NULL
  AND `time` IS NOT NULL
  AND `priority` IS NOT NULL
  AND `receivedat` IS NOT NULL
  AND `tenant` IS NOT NULL
  AND `data` IS NOT NULL;

CREATE TEMPORARY VIEW posted_event_unreadable AS
SELECT `topic`, `partition`, `offset`
FROM posted_event_records
WHERE `headers`['sluice-generation'] IS NULL
  AND ('${EVENT_FORMS}' = 'both' AND LEFT(`value`, 1) = U&'\0000') IS NOT TRUE
  AND (`value` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT `topic`, `partition`, `offset`
FROM posted_event_${EVENT_FORMS}
WHERE `headers`['sluice-generation'] IS NULL AND (
  `id` IS NULL
  OR `source` IS NULL
  OR `type` IS NULL
  OR `time` IS NULL
  OR `priority` IS NULL
  OR `receivedat` IS NULL
  OR `tenant` IS NULL
  OR `data` IS NULL
);
