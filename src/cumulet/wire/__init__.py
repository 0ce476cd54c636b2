"""Bytes to values and back: AWS's wire protocols, driven by botocore's service models.

Knows no service. The road of a request through this package:
`message` (what came in) -> `route` (which operation) -> `sign` (who asks) -> a protocol's parser
-> ... -> a protocol's serializer -> `message` (what goes out).
"""
