{{ config(materialized='table', format='parquet', write_compression='snappy') }}
select
    c.customer_id,
    c.name,
    count(*) as orders,
    sum(o.total) as spent,
    max(o.ordered_on) as last_order
from {{ ref('orders') }} o
join {{ ref('customers') }} c on c.customer_id = o.customer_id
group by c.customer_id, c.name
