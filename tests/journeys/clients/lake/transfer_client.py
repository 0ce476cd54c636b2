"""boto3's transfers with threads, and s3transfer's with AWS's C runtime (CRT), as the aws command line 2 has it.

boto3's own `preferred_transfer_client="crt"` speaks TLS whatever the endpoint's scheme is, so it cannot be told
of an http endpoint, neither this one nor another.
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

bucket = "journey-transfer"
s3 = boto3.client("s3")
s3.create_bucket(Bucket=bucket)
large = os.urandom(40 << 20)
with open("large.bin", "wb") as file:
    file.write(large)

config = TransferConfig(preferred_transfer_client="classic", multipart_threshold=8 << 20)
s3.upload_file("large.bin", bucket, "classic/große+Datei &.bin", Config=config)
s3.download_file(bucket, "classic/große+Datei &.bin", "back-classic.bin", Config=config)
print("threads", flush=True)

session = botocore.session.get_session()
credentials = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
runtime = create_s3_crt_client(
    region="us-east-1", use_ssl=False, crt_credentials_provider=credentials, part_size=8 << 20
)
serializer = BotocoreCRTRequestSerializer(session, {"region_name": "us-east-1"})
with CRTTransferManager(runtime, serializer) as manager:
    manager.upload("large.bin", bucket, "crt/große+Datei &.bin").result()
    manager.download(bucket, "crt/große+Datei &.bin", "back-crt.bin").result()
    manager.upload(io.BytesIO(b"small"), bucket, "crt/small").result()
    manager.delete(bucket, "crt/small").result()
print("crt", flush=True)

for style in ("classic", "crt"):
    with open(f"back-{style}.bin", "rb") as file:
        assert file.read() == large, style
    told = s3.head_object(Bucket=bucket, Key=f"{style}/große+Datei &.bin")
    assert told["ContentLength"] == len(large) and told["ETag"].endswith('-5"'), told["ETag"]

s3.copy({"Bucket": bucket, "Key": "classic/große+Datei &.bin"}, bucket, "copy.bin", Config=config)
assert (
    s3.get_object(Bucket=bucket, Key="copy.bin", Range="bytes=20000000-20000099")["Body"].read()
    == (large[20_000_000:20_000_100])
)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda number: s3.put_object(Bucket=bucket, Key=f"many/{number}", Body=b"x"), range(300)))
assert s3.list_objects_v2(Bucket=bucket, Prefix="many/")["KeyCount"] == 300
resource = boto3.resource("s3").Bucket(bucket)
resource.objects.all().delete()
resource.delete()
print("finished")
