-- File monitoring to ClickHouse
CREATE STREAM file_monitor AS
SELECT * FROM file('/data/uploads/*.json?watch=true')
INSERT INTO clickhouse('localhost:8123/warehouse?table=uploads');
