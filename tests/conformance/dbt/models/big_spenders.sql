{{ config(materialized='view') }}
select customer_id, name, spent from {{ ref('spending') }} where spent > decimal '20.00'
