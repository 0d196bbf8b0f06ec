-- S3 to Iceberg
CREATE TABLE data_lake AS
SELECT * FROM s3('data-lake/raw/*.parquet')
INSERT INTO iceberg('catalog/analytics/processed_events');
