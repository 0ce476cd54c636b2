{{ config(materialized='ephemeral') }}
select * from {{ ref('ledger') }} where total > 15
