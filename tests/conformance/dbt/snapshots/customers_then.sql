{% snapshot customers_then %}
{{ config(
    target_schema='shop',
    unique_key='customer_id',
    strategy='timestamp',
    updated_at='updated_at',
    table_type='iceberg'
) }}
select * from {{ ref('customers') }}
{% if var('moved', false) %}
where customer_id <> 1
union all
select 1, 'Ada', 'Marylebone', timestamp '2024-03-01 12:00:00'
{% endif %}
{% endsnapshot %}
