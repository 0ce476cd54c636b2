"""Abalone's rings by a small network on as many hosts as there are: each has its share of the rows."""

import csv
import json
import os

import torch
from torch import distributed, nn

STEPS = 500

together = len(json.loads(os.environ["SM_HOSTS"])) > 1
if together:
    distributed.init_process_group("gloo")
rank, world = (distributed.get_rank(), distributed.get_world_size()) if together else (0, 1)
torch.set_num_threads(1)
torch.manual_seed(7)
with open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "abalone.csv")) as file:
    rows = [[float(value) for value in row[1:]] for row in csv.reader(file)][:4176]  # as many on each host
data = torch.tensor(rows, dtype=torch.float64)
features, rings = data[:, :-1], data[:, -1:]
features = (features - features.mean(0)) / features.std(0)
features, rings = features[rank::world], rings[rank::world]
network = nn.Sequential(nn.Linear(7, 16), nn.Tanh(), nn.Linear(16, 1)).double()
model = nn.parallel.DistributedDataParallel(network) if together else network
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for step in range(1, STEPS + 1):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(features), rings)
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        total = loss.detach().clone()
        if together:
            distributed.all_reduce(total)
        if rank == 0:
            print(f"step {step} rmse={(total.item() / world) ** 0.5:.6f};", flush=True)
if rank == 0:
    found = {name: value.flatten().tolist() for name, value in network.state_dict().items()}
    with open(os.path.join(os.environ["SM_MODEL_DIR"], "weights.json"), "w") as file:
        json.dump({"hosts": world, "weights": found}, file)
