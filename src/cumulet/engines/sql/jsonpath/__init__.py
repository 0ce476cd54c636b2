"""SQL's JSON path language: what json_exists, json_query and json_value look with into a document.

https://trino.io/docs/current/functions/json.html#json-path-language
"""
