"""Train and deploy a Keras network with the sagemaker SDK 2.x: as one would write it for AWS."""

import boto3
import sagemaker
from sagemaker.tensorflow import TensorFlow

session = sagemaker.Session()
bucket = session.default_bucket()
pairs = [(a / 8, b / 8) for a in range(8) for b in range(8)]
rows = "".join(f"{a},{b},{a + b}\n" for a, b in pairs)
boto3.client("s3").put_object(Bucket=bucket, Key="network/sums.csv", Body=rows.encode())

estimator = TensorFlow(
    entry_point="train.py",
    source_dir="network",
    role=sagemaker.get_execution_role(),
    framework_version="2.16",
    py_version="py310",
    instance_count=1,
    instance_type="ml.m5.large",
    hyperparameters={"epochs": 200},
    metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9.]+);"}],
)
estimator.fit({"train": f"s3://{bucket}/network/"})
(metric,) = estimator.latest_training_job.describe()["FinalMetricDataList"]
assert metric["Value"] < 0.01, metric

predictor = estimator.deploy(1, "ml.m5.large")
(first,), (second,) = predictor.predict({"instances": [[0.25, 0.5], [0.5, 0.5]]})["predictions"]
assert abs(first - 0.75) < 0.1 and abs(second - 1.0) < 0.1, (first, second)
assert predictor.predict([[0.25, 0.5]]) == {"predictions": [[first]]}
print("finished", flush=True)
