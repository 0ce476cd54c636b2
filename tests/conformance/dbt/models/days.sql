{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partitioned_by=['ordered_on'],
    format='parquet'
) }}
select count(*) as orders, sum(total) as total, ordered_on
from {{ ref('orders') }}
{% if is_incremental() %}
where ordered_on >= (select max(ordered_on) from {{ this }})
{% endif %}
group by ordered_on
