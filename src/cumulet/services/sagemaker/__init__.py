"""Amazon SageMaker: training, processing, tuning and transform jobs, models, endpoints: processes of this machine.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html
"""

from cumulet.services.sagemaker.invocations import Invocations
from cumulet.services.sagemaker.processing import Processing
from cumulet.services.sagemaker.serving import Serving
from cumulet.services.sagemaker.training import Training
from cumulet.services.sagemaker.transform import Transform
from cumulet.services.sagemaker.tuning import Tuning


class SageMaker(Tuning, Training, Processing, Transform, Serving, Invocations):
    """All of SageMaker's operations."""
