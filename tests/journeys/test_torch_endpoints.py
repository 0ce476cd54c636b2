"""Models of PyTorch and Hugging Face behind endpoints, with a script and without, where there is a Python for them."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.sagemaker.studio import INSTANCE, Studio, open_studio

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
TORCH = f"{REGISTRY}/pytorch-inference:2.3.0-cpu-py311"
HUGGINGFACE = f"{REGISTRY}/huggingface-pytorch-inference:2.6.0-transformers4.49.0-cpu-py312-ubuntu22.04"

# Two rows in, their sums out: as TorchScript, and as weights for a script.
LINEAR = """
import sys, torch
model = torch.nn.Linear(2, 1)
with torch.no_grad():
    model.weight.fill_(1.0)
    model.bias.zero_()
torch.jit.script(model).save(sys.argv[1] + "/model.pth")
torch.save(model.state_dict(), sys.argv[1] + "/weights.pt")
"""
SCRIPT = """
import os, torch
def model_fn(folder):
    model = torch.nn.Linear(2, 1)
    model.load_state_dict(torch.load(os.path.join(folder, "weights.pt"), weights_only=True))
    return model.eval()
def predict_fn(data, model):
    with torch.no_grad():
        return 10 * model(data)
"""
# A BERT of one layer that has learnt nothing, with the words that it knows.
BERT = """
import sys
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "fine", "dull", "film"]
with open(sys.argv[1] + "/vocab.txt", "w") as file:
    file.write("\\n".join(words))
BertTokenizerFast(sys.argv[1] + "/vocab.txt").save_pretrained(sys.argv[1])
BertForSequenceClassification(BertConfig(
    vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
    id2label={0: "dull", 1: "fine"}, label2id={"dull": 0, "fine": 1},
)).save_pretrained(sys.argv[1])
"""


@pytest.fixture
def studio(own_server: Any) -> Studio:
    return open_studio(own_server.client)


def made(python: Path, program: str, folder: Path) -> Path:
    """The files that a program leaves in a folder."""
    folder.mkdir()
    subprocess.run([python, "-c", program, str(folder)], check=True)
    return folder


def served(studio: Studio, image: str, folder: Path, keep: Callable[[str], bool], **environment: str) -> str:
    """An endpoint of the files in a folder whose names are to be kept."""
    name, buffer = f"torch-{uuid.uuid4().hex[:12]}", io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in folder.rglob("*"):
            if path.is_file() and keep(path.name):
                tar.add(path, path.relative_to(folder))
    data = studio.put(f"{name}.tar.gz", buffer.getvalue())
    container = {"Image": image, "ModelDataUrl": data, "Environment": environment}
    studio.sagemaker.create_model(ModelName=name, ExecutionRoleArn=studio.role, PrimaryContainer=container)
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    studio.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return studio.endpoint(name)


def test_torchscript_needs_no_script_and_weights_need_one(
    own_server: Any, studio: Studio, python_with: Callable[..., Path], tmp_path: Path
) -> None:
    python = python_with("torch", "numpy")
    own_server.cumulet("image", "map", TORCH, "--python", str(python))
    folder = made(python, LINEAR, tmp_path / "linear")
    plain = served(studio, TORCH, folder, lambda name: name == "model.pth")
    assert json.loads(studio.ask(plain, b"1,2\n3,4\n", "text/csv")["Body"]) == [[3.0], [7.0]]
    assert studio.ask(plain, b"[[1, 2]]", Accept="text/csv")["Body"].split() == [b"3.0"]
    (folder / "code").mkdir()
    (folder / "code/inference.py").write_text(SCRIPT)
    scripted = served(studio, TORCH, folder, lambda name: name != "model.pth")
    assert json.loads(studio.ask(scripted, b"[[1, 2]]")["Body"]) == [[30.0]]


def test_a_folder_of_hugging_faces_is_asked_for_its_task(
    own_server: Any, studio: Studio, python_with: Callable[..., Path], tmp_path: Path
) -> None:
    python = python_with("torch", "transformers")
    own_server.cumulet("image", "map", HUGGINGFACE, "--python", str(python))
    folder = made(python, BERT, tmp_path / "bert")
    endpoint = served(studio, HUGGINGFACE, folder, lambda _: True, HF_TASK="text-classification")
    (one,) = json.loads(studio.ask(endpoint, b'{"inputs": "a fine film"}')["Body"])
    assert {one["label"]} <= {"dull", "fine"}
    assert 0.0 < one["score"] < 1.0
    many = json.loads(studio.ask(endpoint, b'{"inputs": ["a fine film", "a dull film"]}')["Body"])
    assert len(many) == 2
    lines = json.loads(studio.ask(endpoint, b"inputs\na fine film\n", "text/csv")["Body"])
    assert [line["label"] for line in lines] == [one["label"]]
