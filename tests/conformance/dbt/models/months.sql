{{ config(materialized='table', table_type='iceberg') }}
select date_trunc('month', ordered_on) as month, sum(total) as total, count(distinct customer_id) as customers
from {{ ref('ledger') }}
group by 1
