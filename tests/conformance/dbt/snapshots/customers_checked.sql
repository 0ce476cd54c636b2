{% snapshot customers_checked %}
{{ config(target_schema='shop', unique_key='customer_id', strategy='check', check_cols=['city']) }}
select customer_id, name, case when customer_id = 1 and {{ var('moved', false) }} then 'Marylebone' else city end as city
from {{ ref('customers') }}
{% endsnapshot %}
