"""A small BERT learns three sentiments. Each epoch leaves a checkpoint, from which a new start goes on."""

import argparse
import csv
import os
import pathlib

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

arguments = argparse.ArgumentParser()
arguments.add_argument("--epochs", type=int, default=2)
arguments.add_argument("--batch-size", type=int, default=16)
arguments.add_argument("--max-length", type=int, default=48)
arguments.add_argument("--learning-rate", type=float, default=1e-4)
given = arguments.parse_args()

LABELS = ["-1", "0", "1"]
CHECKPOINT = pathlib.Path("/opt/ml/checkpoints/state.pt")
pretrained = os.environ["SM_CHANNEL_PRETRAINED"]
tokenizer = AutoTokenizer.from_pretrained(pretrained)


def read(channel):
    with open(os.path.join(os.environ[f"SM_CHANNEL_{channel}"], "reviews.csv")) as file:
        rows = list(csv.DictReader(file))
    texts = [row["review_body"] for row in rows]
    tokens = tokenizer(
        texts, truncation=True, max_length=given.max_length, padding="max_length", return_tensors="pt"
    )
    return tokens, torch.tensor([LABELS.index(row["sentiment"]) for row in rows])


def batches(tokens, labels, order):
    for rows in order.split(given.batch_size):
        longest = tokens["attention_mask"][rows].sum(1).max()
        yield {name: values[rows, :longest] for name, values in tokens.items()}, labels[rows]


def accuracy(tokens, labels):
    model.eval()
    right = 0
    with torch.no_grad():
        for inputs, answers in batches(tokens, labels, torch.arange(len(labels))):
            right += int((model(**inputs).logits.argmax(-1) == answers).sum())
    model.train()
    return right / len(labels)


train, validation = read("TRAIN"), read("VALIDATION")
torch.manual_seed(1)
model = AutoModelForSequenceClassification.from_pretrained(pretrained, num_labels=len(LABELS))
model.bert.embeddings.requires_grad_(False)  # half of the weights, of which few words are in a batch
first = 1
if CHECKPOINT.exists():
    saved = torch.load(CHECKPOINT)
    model.load_state_dict(saved["model"])
    first = saved["epoch"] + 1
    print(f"resumed behind epoch {saved['epoch']}", flush=True)
learning = [weights for weights in model.parameters() if weights.requires_grad]
optimizer = torch.optim.AdamW(learning, lr=given.learning_rate)
for epoch in range(first, given.epochs + 1):
    torch.manual_seed(epoch)
    order = torch.randperm(len(train[1]))
    for number, (inputs, answers) in enumerate(batches(*train, order), 1):
        loss = torch.nn.functional.cross_entropy(model(**inputs).logits, answers)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if number % 5 == 0:
            print(f"epoch {epoch} step {number} train:loss={loss.item():.4f};", flush=True)
    CHECKPOINT.parent.mkdir(exist_ok=True)
    torch.save({"epoch": epoch, "model": model.state_dict()}, CHECKPOINT.with_suffix(".new"))
    CHECKPOINT.with_suffix(".new").replace(CHECKPOINT)
    print(f"epoch {epoch} validation:accuracy={accuracy(*validation):.4f};", flush=True)
model.save_pretrained(os.environ["SM_MODEL_DIR"])
tokenizer.save_pretrained(os.environ["SM_MODEL_DIR"])
