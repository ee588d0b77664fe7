-- Derived from the catalogue: npm run derive.
--
-- <type>_records     each record of the type's lanes, as it is; connect.sql says from where
-- <type>             the events among them: the envelope's attributes, and data_<path> of the data
-- <type>_unreadable  the records that are no such event
--
-- The views leave out what was sent once more by a redrive or replay: it has been counted when it was new.

-- order-placed, version 1
CREATE TEMPORARY TABLE order_placed_records
WITH ('topic' = 'events.order-placed.high;events.order-placed.normal') LIKE event_records;

CREATE TEMPORARY VIEW order_placed_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.customer.id') AS `data_customer_id`,
  JSON_VALUE(`value`, '$.data.customer.email') AS `data_customer_email`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.total.amount') AS BIGINT) AS `data_total_amount`,
  JSON_VALUE(`value`, '$.data.total.currency') AS `data_total_currency`,
  JSON_QUERY(`value`, '$.data.items') AS `data_items`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.email') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.total.amount') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.total.currency') IS NOT NULL
  ) IS TRUE AS readable
FROM order_placed_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW order_placed AS SELECT * FROM order_placed_read WHERE readable;

CREATE TEMPORARY VIEW order_placed_unreadable AS
SELECT `topic`, `partition`, `offset` FROM order_placed_read WHERE NOT readable;

-- payment-failed, version 1
CREATE TEMPORARY TABLE payment_failed_records
WITH ('topic' = 'events.payment-failed.high;events.payment-failed.normal') LIKE event_records;

CREATE TEMPORARY VIEW payment_failed_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.paymentId') AS `data_paymentId`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.customer.id') AS `data_customer_id`,
  JSON_VALUE(`value`, '$.data.customer.email') AS `data_customer_email`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.amount.amount') AS BIGINT) AS `data_amount_amount`,
  JSON_VALUE(`value`, '$.data.amount.currency') AS `data_amount_currency`,
  JSON_VALUE(`value`, '$.data.reason') AS `data_reason`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.attempt') AS BIGINT) AS `data_attempt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.paymentId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.email') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.amount.amount') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.amount.currency') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.reason') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.attempt') AS BIGINT) IS NOT NULL
  ) IS TRUE AS readable
FROM payment_failed_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW payment_failed AS SELECT * FROM payment_failed_read WHERE readable;

CREATE TEMPORARY VIEW payment_failed_unreadable AS
SELECT `topic`, `partition`, `offset` FROM payment_failed_read WHERE NOT readable;

-- page-viewed, version 1
CREATE TEMPORARY TABLE page_viewed_records
WITH ('topic' = 'events.page-viewed.normal;events.page-viewed.low') LIKE event_records;

CREATE TEMPORARY VIEW page_viewed_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.visitorId') AS `data_visitorId`,
  JSON_VALUE(`value`, '$.data.sessionId') AS `data_sessionId`,
  JSON_VALUE(`value`, '$.data.url') AS `data_url`,
  JSON_VALUE(`value`, '$.data.referrer') AS `data_referrer`,
  JSON_VALUE(`value`, '$.data.userAgent') AS `data_userAgent`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.viewportWidth') AS BIGINT) AS `data_viewportWidth`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.pageOfSession') AS BIGINT) AS `data_pageOfSession`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.visitorId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.sessionId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.url') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.userAgent') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.viewportWidth') AS BIGINT) IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.pageOfSession') AS BIGINT) IS NOT NULL
  ) IS TRUE AS readable
FROM page_viewed_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW page_viewed AS SELECT * FROM page_viewed_read WHERE readable;

CREATE TEMPORARY VIEW page_viewed_unreadable AS
SELECT `topic`, `partition`, `offset` FROM page_viewed_read WHERE NOT readable;

-- user-registered, version 1
CREATE TEMPORARY TABLE user_registered_records
WITH ('topic' = 'events.user-registered.normal;events.user-registered.low') LIKE event_records;

CREATE TEMPORARY VIEW user_registered_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.userId') AS `data_userId`,
  JSON_VALUE(`value`, '$.data.email') AS `data_email`,
  JSON_VALUE(`value`, '$.data.name') AS `data_name`,
  JSON_VALUE(`value`, '$.data.locale') AS `data_locale`,
  JSON_VALUE(`value`, '$.data.plan') AS `data_plan`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.userId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.email') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.name') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.locale') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.plan') IS NOT NULL
  ) IS TRUE AS readable
FROM user_registered_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW user_registered AS SELECT * FROM user_registered_read WHERE readable;

CREATE TEMPORARY VIEW user_registered_unreadable AS
SELECT `topic`, `partition`, `offset` FROM user_registered_read WHERE NOT readable;

-- shipment-delayed, version 1
CREATE TEMPORARY TABLE shipment_delayed_records
WITH ('topic' = 'events.shipment-delayed.high;events.shipment-delayed.normal') LIKE event_records;

CREATE TEMPORARY VIEW shipment_delayed_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.shipmentId') AS `data_shipmentId`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.customer.id') AS `data_customer_id`,
  JSON_VALUE(`value`, '$.data.customer.email') AS `data_customer_email`,
  JSON_VALUE(`value`, '$.data.carrier') AS `data_carrier`,
  JSON_VALUE(`value`, '$.data.warehouse') AS `data_warehouse`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.delayDays') AS BIGINT) AS `data_delayDays`,
  JSON_VALUE(`value`, '$.data.expectedOn') AS `data_expectedOn`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.shipmentId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.email') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.carrier') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.warehouse') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.delayDays') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.expectedOn') IS NOT NULL
  ) IS TRUE AS readable
FROM shipment_delayed_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW shipment_delayed AS SELECT * FROM shipment_delayed_read WHERE readable;

CREATE TEMPORARY VIEW shipment_delayed_unreadable AS
SELECT `topic`, `partition`, `offset` FROM shipment_delayed_read WHERE NOT readable;

-- stock-reserved, version 1
CREATE TEMPORARY TABLE stock_reserved_records
WITH ('topic' = 'events.stock-reserved.high;events.stock-reserved.normal') LIKE event_records;

CREATE TEMPORARY VIEW stock_reserved_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.sku') AS `data_sku`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.quantity') AS BIGINT) AS `data_quantity`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.sku') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.quantity') AS BIGINT) IS NOT NULL
  ) IS TRUE AS readable
FROM stock_reserved_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW stock_reserved AS SELECT * FROM stock_reserved_read WHERE readable;

CREATE TEMPORARY VIEW stock_reserved_unreadable AS
SELECT `topic`, `partition`, `offset` FROM stock_reserved_read WHERE NOT readable;

-- fraud-check-requested, version 1
CREATE TEMPORARY TABLE fraud_check_requested_records
WITH ('topic' = 'events.fraud-check-requested.high;events.fraud-check-requested.normal') LIKE event_records;

CREATE TEMPORARY VIEW fraud_check_requested_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.customerId') AS `data_customerId`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.total.amount') AS BIGINT) AS `data_total_amount`,
  JSON_VALUE(`value`, '$.data.total.currency') AS `data_total_currency`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customerId') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.total.amount') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.total.currency') IS NOT NULL
  ) IS TRUE AS readable
FROM fraud_check_requested_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW fraud_check_requested AS SELECT * FROM fraud_check_requested_read WHERE readable;

CREATE TEMPORARY VIEW fraud_check_requested_unreadable AS
SELECT `topic`, `partition`, `offset` FROM fraud_check_requested_read WHERE NOT readable;

-- payment-retry-scheduled, version 1
CREATE TEMPORARY TABLE payment_retry_scheduled_records
WITH ('topic' = 'events.payment-retry-scheduled.high;events.payment-retry-scheduled.normal') LIKE event_records;

CREATE TEMPORARY VIEW payment_retry_scheduled_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.paymentId') AS `data_paymentId`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.amount.amount') AS BIGINT) AS `data_amount_amount`,
  JSON_VALUE(`value`, '$.data.amount.currency') AS `data_amount_currency`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.attempt') AS BIGINT) AS `data_attempt`,
  JSON_VALUE(`value`, '$.data.notBefore') AS `data_notBefore`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.paymentId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.amount.amount') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.amount.currency') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.attempt') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.notBefore') IS NOT NULL
  ) IS TRUE AS readable
FROM payment_retry_scheduled_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW payment_retry_scheduled AS SELECT * FROM payment_retry_scheduled_read WHERE readable;

CREATE TEMPORARY VIEW payment_retry_scheduled_unreadable AS
SELECT `topic`, `partition`, `offset` FROM payment_retry_scheduled_read WHERE NOT readable;

-- notification-requested, version 2
CREATE TEMPORARY TABLE notification_requested_records
WITH ('topic' = 'events.notification-requested.high;events.notification-requested.normal') LIKE event_records;

CREATE TEMPORARY VIEW notification_requested_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.customer.id') AS `data_customer_id`,
  JSON_VALUE(`value`, '$.data.customer.email') AS `data_customer_email`,
  JSON_VALUE(`value`, '$.data.template') AS `data_template`,
  JSON_QUERY(`value`, '$.data.parameters') AS `data_parameters`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.email') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.template') IS NOT NULL
  ) IS TRUE AS readable
FROM notification_requested_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW notification_requested AS SELECT * FROM notification_requested_read WHERE readable;

CREATE TEMPORARY VIEW notification_requested_unreadable AS
SELECT `topic`, `partition`, `offset` FROM notification_requested_read WHERE NOT readable;

-- welcome-mail-requested, version 1
CREATE TEMPORARY TABLE welcome_mail_requested_records
WITH ('topic' = 'events.welcome-mail-requested.normal;events.welcome-mail-requested.low') LIKE event_records;

CREATE TEMPORARY VIEW welcome_mail_requested_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.userId') AS `data_userId`,
  JSON_VALUE(`value`, '$.data.email') AS `data_email`,
  JSON_VALUE(`value`, '$.data.name') AS `data_name`,
  JSON_VALUE(`value`, '$.data.language') AS `data_language`,
  JSON_VALUE(`value`, '$.data.series') AS `data_series`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.userId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.email') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.name') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.language') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.series') IS NOT NULL
  ) IS TRUE AS readable
FROM welcome_mail_requested_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW welcome_mail_requested AS SELECT * FROM welcome_mail_requested_read WHERE readable;

CREATE TEMPORARY VIEW welcome_mail_requested_unreadable AS
SELECT `topic`, `partition`, `offset` FROM welcome_mail_requested_read WHERE NOT readable;

-- page-view-enriched, version 1
CREATE TEMPORARY TABLE page_view_enriched_records
WITH ('topic' = 'events.page-view-enriched.normal;events.page-view-enriched.low') LIKE event_records;

CREATE TEMPORARY VIEW page_view_enriched_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.visitorId') AS `data_visitorId`,
  JSON_VALUE(`value`, '$.data.sessionId') AS `data_sessionId`,
  JSON_VALUE(`value`, '$.data.path') AS `data_path`,
  JSON_VALUE(`value`, '$.data.device') AS `data_device`,
  JSON_VALUE(`value`, '$.data.session') AS `data_session`,
  JSON_VALUE(`value`, '$.data.arrivedFrom') AS `data_arrivedFrom`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.visitorId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.sessionId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.path') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.device') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.session') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.arrivedFrom') IS NOT NULL
  ) IS TRUE AS readable
FROM page_view_enriched_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW page_view_enriched AS SELECT * FROM page_view_enriched_read WHERE readable;

CREATE TEMPORARY VIEW page_view_enriched_unreadable AS
SELECT `topic`, `partition`, `offset` FROM page_view_enriched_read WHERE NOT readable;

-- payment-succeeded, version 1
CREATE TEMPORARY TABLE payment_succeeded_records
WITH ('topic' = 'events.payment-succeeded.high;events.payment-succeeded.normal') LIKE event_records;

CREATE TEMPORARY VIEW payment_succeeded_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.paymentId') AS `data_paymentId`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.customer.id') AS `data_customer_id`,
  JSON_VALUE(`value`, '$.data.customer.email') AS `data_customer_email`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.amount.amount') AS BIGINT) AS `data_amount_amount`,
  JSON_VALUE(`value`, '$.data.amount.currency') AS `data_amount_currency`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.attempt') AS BIGINT) AS `data_attempt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.paymentId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.email') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.amount.amount') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.amount.currency') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.attempt') AS BIGINT) IS NOT NULL
  ) IS TRUE AS readable
FROM payment_succeeded_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW payment_succeeded AS SELECT * FROM payment_succeeded_read WHERE readable;

CREATE TEMPORARY VIEW payment_succeeded_unreadable AS
SELECT `topic`, `partition`, `offset` FROM payment_succeeded_read WHERE NOT readable;

-- checkout-abandoned, version 1
CREATE TEMPORARY TABLE checkout_abandoned_records
WITH ('topic' = 'events.checkout-abandoned.high;events.checkout-abandoned.normal') LIKE event_records;

CREATE TEMPORARY VIEW checkout_abandoned_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.orderId') AS `data_orderId`,
  JSON_VALUE(`value`, '$.data.customer.id') AS `data_customer_id`,
  JSON_VALUE(`value`, '$.data.customer.email') AS `data_customer_email`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.total.amount') AS BIGINT) AS `data_total_amount`,
  JSON_VALUE(`value`, '$.data.total.currency') AS `data_total_currency`,
  TRY_CAST(JSON_VALUE(`value`, '$.data.attempts') AS BIGINT) AS `data_attempts`,
  JSON_VALUE(`value`, '$.data.lastReason') AS `data_lastReason`,
  JSON_VALUE(`value`, '$.data.orderedAt') AS `data_orderedAt`,
  JSON_VALUE(`value`, '$.data.lastFailedAt') AS `data_lastFailedAt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderId') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.customer.email') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.total.amount') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.total.currency') IS NOT NULL
    AND TRY_CAST(JSON_VALUE(`value`, '$.data.attempts') AS BIGINT) IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.lastReason') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.orderedAt') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.lastFailedAt') IS NOT NULL
  ) IS TRUE AS readable
FROM checkout_abandoned_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW checkout_abandoned AS SELECT * FROM checkout_abandoned_read WHERE readable;

CREATE TEMPORARY VIEW checkout_abandoned_unreadable AS
SELECT `topic`, `partition`, `offset` FROM checkout_abandoned_read WHERE NOT readable;

-- content-repeated, version 1
CREATE TEMPORARY TABLE content_repeated_records
WITH ('topic' = 'events.content-repeated.low') LIKE event_records;

CREATE TEMPORARY VIEW content_repeated_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  JSON_VALUE(`value`, '$.data.type') AS `data_type`,
  JSON_VALUE(`value`, '$.data.source') AS `data_source`,
  JSON_VALUE(`value`, '$.data.key') AS `data_key`,
  JSON_VALUE(`value`, '$.data.content') AS `data_content`,
  JSON_QUERY(`value`, '$.data.ids') AS `data_ids`,
  JSON_VALUE(`value`, '$.data.firstSeenAt') AS `data_firstSeenAt`,
  JSON_VALUE(`value`, '$.data.lastSeenAt') AS `data_lastSeenAt`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.key') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.content') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.firstSeenAt') IS NOT NULL
    AND JSON_VALUE(`value`, '$.data.lastSeenAt') IS NOT NULL
  ) IS TRUE AS readable
FROM content_repeated_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW content_repeated AS SELECT * FROM content_repeated_read WHERE readable;

CREATE TEMPORARY VIEW content_repeated_unreadable AS
SELECT `topic`, `partition`, `offset` FROM content_repeated_read WHERE NOT readable;

-- All types that producers post; data is its JSON text, as it is stored.
CREATE TEMPORARY TABLE posted_event_records
WITH ('topic' = 'events.order-placed.high;events.order-placed.normal;events.payment-failed.high;events.payment-failed.normal;events.page-viewed.normal;events.page-viewed.low;events.user-registered.normal;events.user-registered.low;events.shipment-delayed.high;events.shipment-delayed.normal;events.payment-succeeded.high;events.payment-succeeded.normal') LIKE event_records;

CREATE TEMPORARY VIEW posted_event_read AS
SELECT
  JSON_VALUE(`value`, '$.id') AS `id`,
  JSON_VALUE(`value`, '$.source') AS `source`,
  JSON_VALUE(`value`, '$.type') AS `type`,
  JSON_VALUE(`value`, '$.time') AS `time`,
  JSON_VALUE(`value`, '$.subject') AS `subject`,
  JSON_VALUE(`value`, '$.priority') AS `priority`,
  JSON_VALUE(`value`, '$.receivedat') AS `receivedat`,
  JSON_VALUE(`value`, '$.tenant') AS `tenant`,
  JSON_VALUE(`value`, '$.traceparent') AS `traceparent`,
  JSON_VALUE(`value`, '$.correlationid') AS `correlationid`,
  JSON_VALUE(`value`, '$.causationid') AS `causationid`,
  SUBSTRING(`value` FROM POSITION(',"data":' IN `value`) + 8 FOR CHAR_LENGTH(`value`) - POSITION(',"data":' IN `value`) - 8) AS `data`,
  `key`, `topic`, `partition`, `offset`, `at`, `arrived`,
  (
    `value` IS JSON OBJECT
    AND JSON_VALUE(`value`, '$.id') IS NOT NULL
    AND JSON_VALUE(`value`, '$.source') IS NOT NULL
    AND JSON_VALUE(`value`, '$.type') IS NOT NULL
    AND JSON_VALUE(`value`, '$.time') IS NOT NULL
    AND JSON_VALUE(`value`, '$.priority') IS NOT NULL
    AND JSON_VALUE(`value`, '$.receivedat') IS NOT NULL
    AND JSON_VALUE(`value`, '$.tenant') IS NOT NULL
  ) IS TRUE AS readable
FROM posted_event_records
WHERE `headers`['sluice-generation'] IS NULL;

CREATE TEMPORARY VIEW posted_event AS SELECT * FROM posted_event_read WHERE readable;

CREATE TEMPORARY VIEW posted_event_unreadable AS
SELECT `topic`, `partition`, `offset` FROM posted_event_read WHERE NOT readable;
