-- A million made-up orders: written as CSV, read back, filtered, written as Parquet in a directory
-- per country, and summed up.   velo run examples/quickstart.sql

INSERT INTO file('orders.csv')
SELECT * FROM generate('orders?rows=1000000&seed=1');

-- Without INSERT INTO a name is a view: nothing is read yet. CSV has no decimals of its own, and money
-- is not a floating-point number.
CREATE TABLE paid AS
SELECT id, country, product, quantity, CAST(total AS DECIMAL(14, 2)) AS total, ordered_at
FROM file('orders.csv')
WHERE status <> 'cancelled' AND total > 20;

INSERT INTO file('by_country/?format=parquet&partition_by=country&mode=overwrite')
SELECT * FROM paid;

SELECT country, count(*) AS orders, sum(total) AS revenue, max(total) AS largest
FROM paid
GROUP BY country
ORDER BY revenue DESC
LIMIT 10;
