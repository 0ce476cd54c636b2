"""Train, deploy, ask and delete with the sagemaker SDK 2.x: as one would write it for AWS."""

import boto3
import reviews
import sagemaker
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.deserializers import JSONDeserializer
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import JSONSerializer
from sagemaker.sklearn import SKLearn

session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = session.default_bucket()
boto3.client("s3").put_object(Bucket=bucket, Key="journey2/train/reviews.csv", Body=reviews.as_csv())

estimator = SKLearn(
    entry_point="train.py",
    source_dir="source",
    role=role,
    framework_version="1.2-1",
    instance_type="ml.m5.large",
    hyperparameters={"inverse-strength": 5.0, "pause": 4},
    metric_definitions=[{"Name": "train:accuracy", "Regex": "train:accuracy=([0-9.]+)"}],
)
estimator.fit({"train": TrainingInput(f"s3://{bucket}/journey2/train/", input_mode="FastFile")})
print("trained", flush=True)
job = estimator.latest_training_job.describe()
(metric,) = job["FinalMetricDataList"]
assert metric["MetricName"] == "train:accuracy" and metric["Value"] > 0.95, metric
frame = TrainingJobAnalytics(job["TrainingJobName"]).dataframe()
assert list(frame["metric_name"]) == ["train:accuracy"] and frame["value"][0] > 0.95, frame

predictor = estimator.deploy(
    1, "ml.m5.large", entry_point="inference.py", serializer=JSONSerializer(), deserializer=JSONDeserializer()
)
print("deployed", flush=True)
asked = ['This dress, "love it".', 'This skirt, "a terrible waste".', 'This jacket, "average at best".']
for _ in range(3):
    assert predictor.predict(asked) == [1, -1, 0]
    print("answered", flush=True)

predictor.delete_model()
predictor.delete_endpoint()
boto3.client("sagemaker").get_waiter("endpoint_deleted").wait(
    EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1}
)
assert not boto3.client("sagemaker").list_endpoints(NameContains=predictor.endpoint_name)["Endpoints"]
print("finished", flush=True)
