{{ config(
    materialized='incremental',
    table_type='iceberg',
    incremental_strategy='merge',
    unique_key='order_id',
    partitioned_by=['month(ordered_on)'],
    on_schema_change='append_new_columns'
) }}
select
    order_id,
    customer_id,
    ordered_on,
    total + cast({{ var('surcharge', 0) }} as decimal(10, 2)) as total
    {% if var('with_note', false) %}, 'checked' as note{% endif %}
from {{ ref('orders') }}
