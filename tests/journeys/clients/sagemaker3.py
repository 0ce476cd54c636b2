"""Train, deploy, ask and delete with the sagemaker SDK 3.x: as one would write it for AWS."""

import json
import time

import boto3
import reviews
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

session = Session()
role = get_execution_role(sagemaker_session=session)
bucket = session.default_bucket()
boto3.client("s3").put_object(Bucket=bucket, Key="journey3/train/reviews.csv", Body=reviews.as_csv())
image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", instance_type="ml.m5.large")

trainer = ModelTrainer(
    training_image=image,
    source_code=SourceCode(source_dir="source", entry_script="train.py", requirements="requirements.txt"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    hyperparameters={"inverse-strength": 5.0, "pause": 4},
    role=role,
    sagemaker_session=session,
    base_job_name="journey3",
)
trainer.train(
    input_data_config=[InputData(channel_name="train", data_source=f"s3://{bucket}/journey3/train/")]
)
artifacts = trainer._latest_training_job.model_artifacts.s3_model_artifacts
assert artifacts.startswith(f"s3://{bucket}/") and artifacts.endswith("/model.tar.gz"), artifacts
print("trained", flush=True)

name = f"journey3-{int(time.time())}"
builder = ModelBuilder(
    image_uri=image,
    s3_model_data_url=artifacts,
    source_code=SourceCode(source_dir="source", entry_script="inference.py"),
    role_arn=role,
    sagemaker_session=session,
    instance_type="ml.m5.large",
)
model = builder.build(model_name=name)
endpoint = builder.deploy(endpoint_name=name, initial_instance_count=1, instance_type="ml.m5.large")
print("deployed", flush=True)

asked = json.dumps(
    ['This dress, "love it".', 'This skirt, "a terrible waste".', 'This jacket, "average at best".']
)
for _ in range(3):
    answer = endpoint.invoke(body=asked, content_type="application/json", accept="application/json")
    assert json.loads(answer.body.read()) == [1, -1, 0]
    print("answered", flush=True)

endpoint.delete()
EndpointConfig.get(name).delete()
model.delete()
boto3.client("sagemaker").get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
assert name not in [found.endpoint_name for found in Endpoint.get_all()]
print("finished", flush=True)
