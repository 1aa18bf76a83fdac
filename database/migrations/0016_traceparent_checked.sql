-- outside a transaction
-- Reads all rows without keeping anybody waiting. It may run again after an interruption.
alter table {schema}.outbox_events validate constraint traceparent_is_w3c_version_00
