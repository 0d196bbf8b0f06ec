-- Kafka to ClickHouse Analytics
CREATE TABLE analytics AS  
SELECT * FROM kafka('localhost:9092/events?group_id=analytics')
INSERT INTO clickhouse('localhost:8123/warehouse?table=events');
