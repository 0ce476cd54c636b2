{{ config(materialized='table', bucketed_by=['city'], bucket_count=2) }}
select c.city, sum(b.total) as total
from {{ ref('big_orders') }} b
join {{ ref('customers') }} c on c.customer_id = b.customer_id
group by c.city
