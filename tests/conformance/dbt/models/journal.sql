{{ config(materialized='incremental', incremental_strategy='append', format='orc') }}
select order_id, total, {{ dbt.string_literal(invocation_id) }} as run
from {{ ref('orders') }}
