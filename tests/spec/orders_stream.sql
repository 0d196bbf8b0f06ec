-- PostgreSQL CDC to Kafka
CREATE STREAM orders_stream AS
SELECT * FROM postgresql('localhost/shop?table=orders&cdc=true')
INSERT INTO kafka('localhost:9092/orders-events');
