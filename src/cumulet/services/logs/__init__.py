"""CloudWatch Logs: what jobs, endpoints and people write, kept in the order of its time and searched.

Live Tail, Insights queries, metric and subscription filters are not written yet.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from cumulet.services.logs.groups import Groups
from cumulet.services.logs.reading import Reading
from cumulet.services.logs.retention import Retention
from cumulet.services.logs.shipping import Shipping
from cumulet.services.logs.streams import Streams
from cumulet.services.logs.tags import Tags
from cumulet.services.logs.writing import Writing


class Logs(Groups, Streams, Writing, Reading, Retention, Tags, Shipping):
    """Every operation of CloudWatch Logs that Cumulet carries."""

    validation_code = "InvalidParameterException"


__all__ = ["Logs"]
