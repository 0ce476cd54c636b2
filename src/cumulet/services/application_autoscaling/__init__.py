"""Application Auto Scaling: how many processes a variant of an endpoint has, by its load or by the clock.

https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

from cumulet.services.application_autoscaling.tags import Tags
from cumulet.services.application_autoscaling.watching import Watching


class ApplicationAutoScaling(Watching, Tags):
    """All of its operations that are written."""
