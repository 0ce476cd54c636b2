"""What may be asked of a channel: what cannot be done is refused by name before a job is accepted.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import NotImplementedByCumulet

CHANNEL = ("ChannelName", "DataSource", "ContentType", "CompressionType", "RecordWrapperType", "InputMode")
SOURCE = ("S3DataType", "S3Uri", "S3DataDistributionType", "AttributeNames", "InstanceGroupNames")
TYPES = ("S3Prefix", "ManifestFile", "AugmentedManifestFile")
MODES = ("File", "FastFile", "Pipe")


def check_channels(channels: list[dict[str, Any]], mode: str, groups: list[str]) -> None:
    names = [channel["ChannelName"] for channel in channels]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise invalid(f"Channel names must be unique; {twice} is named twice.")
    for channel in channels:
        _check_channel(channel, channel.get("InputMode") or mode, groups)


def check_mode(where: str, mode: str) -> None:
    if mode not in MODES:
        raise NotImplementedByCumulet(f"{where} with the input mode {mode} ({', '.join(MODES)} are done)")


def _check_channel(channel: dict[str, Any], mode: str, groups: list[str]) -> None:
    where = f"Channel {channel['ChannelName']}"
    honour_only(where, channel, (*CHANNEL, "ShuffleConfig"))
    check_mode(where, mode)
    honour_only(where, channel["DataSource"], ("S3DataSource",))
    source = channel["DataSource"].get("S3DataSource")
    if not source:
        raise invalid(f"{where} needs an S3DataSource.")
    _check_source(where, source, groups)
    if mode != "Pipe":
        _check_files(where, channel, source)
    elif source["S3DataType"] == "AugmentedManifestFile" and channel.get("RecordWrapperType") != "RecordIO":
        raise NotImplementedByCumulet(f"{where} of an augmented manifest without RecordWrapperType RecordIO")


def _check_source(where: str, source: dict[str, Any], groups: list[str]) -> None:
    honour_only(where, source, SOURCE)
    if source["S3DataType"] not in TYPES:
        raise NotImplementedByCumulet(f"{where} with S3DataType {source['S3DataType']}")
    if source["S3DataType"] == "AugmentedManifestFile" and not source.get("AttributeNames"):
        raise invalid(f"{where}: an AugmentedManifestFile needs AttributeNames.")
    if unknown := [name for name in source.get("InstanceGroupNames") or [] if name not in groups]:
        raise invalid(f"{where}: ResourceConfig has no instance group {', '.join(unknown)}.")
    split_uri(source["S3Uri"])


def _check_files(where: str, channel: dict[str, Any], source: dict[str, Any]) -> None:
    """Three things that only a pipe can do, on AWS as here."""
    if source["S3DataType"] == "AugmentedManifestFile":
        raise invalid(f"{where}: an AugmentedManifestFile can only be used with the input mode Pipe.")
    if channel.get("CompressionType", "None") != "None":
        raise invalid(f"{where}: CompressionType Gzip can only be used with the input mode Pipe.")
    if channel.get("RecordWrapperType", "None") != "None":
        raise invalid(f"{where}: RecordWrapperType RecordIO can only be used with the input mode Pipe.")
