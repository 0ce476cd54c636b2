select 1
from (select sum(total) as total, count(*) as orders from {{ ref('ledger') }}) l
cross join (select sum(total) as total, count(*) as orders from {{ ref('orders') }}) o
where l.orders <> o.orders or l.total <> o.total + {{ var('surcharge', 0) }} * o.orders
