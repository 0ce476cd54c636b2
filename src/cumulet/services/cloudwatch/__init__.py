"""CloudWatch: metrics that jobs, endpoints and people tell, statistics and mathematics over them, and alarms.

Metrics Insights, anomaly detectors, Contributor Insights, metric streams and pictures of graphs are not
written yet. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
"""

from cumulet.services.cloudwatch.dashboards import Dashboards
from cumulet.services.cloudwatch.metrics import Metrics
from cumulet.services.cloudwatch.statistics import Statistics
from cumulet.services.cloudwatch.tags import Tags
from cumulet.services.cloudwatch.watching import Watching


class CloudWatch(Metrics, Statistics, Watching, Dashboards, Tags):
    """Every operation of CloudWatch that Cumulet carries."""

    validation_code = "ValidationError"


__all__ = ["CloudWatch"]
