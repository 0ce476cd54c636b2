"""The same studio as for SageMaker's own tests."""

from ..sagemaker.conftest import studio

__all__ = ["studio"]
