# Cumulet from a fresh clone: Python 3.11 or later and make are all that must be there before.
# PYTHON chooses the interpreter, VENV the environment, BENCH=--quick a short run of bench/s3.py;
# pip's own settings (PIP_*, pip.conf) are respected.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin

.PHONY: help setup setup-demo setup-sagemaker3 setup-clients demo test test-quick lint format docs soak soak-jobs test-algorithms test-ray bench bench-athena bench-serving bench-jobs clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: $(VENV)/.test ## a virtual environment with everything that the tests, linters and the demo need

setup-demo: $(VENV)/.demo ## a virtual environment with what the demo needs

setup-sagemaker3: .venv-sagemaker3/.ready ## the sagemaker SDK 3.x, which cannot live beside 2.x

setup-clients: .venv-clients/.ready ## s3fs, delta-rs, Iceberg, Polars ...: clients of S3 that pin versions of their own

demo: $(VENV)/.demo ## the whole road in three minutes: raw reviews to a live endpoint
	@$(BIN)/cumulet demo

test: $(VENV)/.test .venv-sagemaker3/.ready .venv-clients/.ready ## all tests (WORKERS=n processes)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST)

test-quick: $(VENV)/.test ## the tests without the slow ones and the journeys
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow and not journey" $(PYTEST)

lint: $(VENV)/.test ## ruff, mypy --strict, import-linter, and the pages made from the code
	@failed=0; \
	$(BIN)/ruff check --output-format concise . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy || failed=1; \
	$(BIN)/lint-imports || failed=1; \
	$(BIN)/python docs/generate.py --check || failed=1; \
	exit $$failed

format: $(VENV)/.test ## put the code into its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.test ## write the pages that are made from the code
	@$(BIN)/python docs/generate.py

soak: $(VENV)/.test .venv-sagemaker3/.ready ## hours of trouble: the object store killed 200 times (CUMULET_ROUNDS=n) under clients, an hour of jobs of all kinds
	@CUMULET_ROUNDS=$${CUMULET_ROUNDS:-200} CUMULET_SECONDS=$${CUMULET_SECONDS:-3600} $(BIN)/python -m pytest -s --timeout 5400 tests/services/s3/test_durability.py tests/journeys/test_clients.py tests/journeys/test_mixed_jobs.py tests/journeys/test_training_on_real_data.py

soak-jobs: $(VENV)/.test ## jobs of all kinds side by side for five minutes (CUMULET_SECONDS=n): none lost, nothing left
	@CUMULET_SECONDS=$${CUMULET_SECONDS:-300} $(BIN)/python -m pytest -p no:cacheprovider --timeout 1800 tests/journeys/test_mixed_jobs.py

test-algorithms: $(VENV)/.test ## the built-in algorithms with every library that they can stand on (CatBoost, faiss)
	@$(BIN)/python -m pip install --quiet --editable '.[algorithms]'
	@$(BIN)/python -m pytest tests/services/sagemaker/algorithms

ON_RAY := tests/engines/run/test_runners.py tests/engines/test_serve.py $(addprefix tests/services/sagemaker/test_,\
  on_ray.py endpoints.py variants.py isolated_models.py transform_jobs.py tuning_jobs.py)

test-ray: .venv-ray/.ready ## jobs and endpoints on a Ray cluster of two nodes: some twenty minutes (awswrangler works on Ray where it finds it: hence a place of its own)
	@CUMULET_ON_RAY=1 .venv-ray/bin/python -m pytest $(ON_RAY) $(PYTEST)

bench: $(VENV)/.bench .venv-ministack/.ready ## what calls cost, beside other local stand-ins, in one run each
	@$(BIN)/python bench/overhead.py
	@$(BIN)/python bench/s3.py $(BENCH)

bench-athena: $(VENV)/.bench .venv-ministack/.ready .venv-spark/.ready ## Athena beside bare DuckDB, Spark, Sail and MiniStack (needs a Java for Spark)
	@$(BIN)/python bench/athena.py $(BENCH)

bench-serving: $(VENV)/.bench .venv-serving/.ready ## endpoints beside MLflow, BentoML, LitServe, Ray Serve and bare uvicorn
	@$(BIN)/python bench/serving.py --python .venv-serving/bin/python $(BENCH)

bench-jobs: $(VENV)/.bench ## training jobs and searches beside `python train.py` and Optuna
	@$(BIN)/python bench/jobs.py $(BENCH)

clean: ## remove the environments and what tools left behind
	rm -rf .venv .venv-sagemaker3 .venv-clients .venv-ministack .venv-spark .venv-serving .venv-ray .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# --- environments: made once, and again when pyproject.toml changes

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Cumulet needs Python 3.11 or later: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml
	@echo "Installing Cumulet and the demo's clients into $(VENV) (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	@echo "Installing Cumulet and everything that its tests need into $(VENV) (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@

.venv-ministack/.ready: Makefile
	@echo "Installing MiniStack, to be measured beside Cumulet, into .venv-ministack (once) ..."
	@$(PYTHON) -m venv .venv-ministack
	@.venv-ministack/bin/python -m pip install --quiet ministack duckdb
	@touch $@

.venv-spark/.ready: Makefile
	@echo "Installing Spark and Sail, to be measured beside Cumulet, into .venv-spark (once) ..."
	@$(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip install --quiet 'pyspark[connect]>=4,<5' pysail setuptools
	@touch $@

.venv-ray/.ready: pyproject.toml
	@echo "Installing Ray and what its tests need into .venv-ray (once) ..."
	@$(PYTHON) -m venv .venv-ray
	@.venv-ray/bin/python -m pip install --quiet --editable '.[ray,sklearn]' boto3 pytest pytest-timeout pytest-xdist
	@touch $@

.venv-serving/.ready: Makefile
	@echo "Installing MLflow, BentoML, LitServe and Ray Serve, to be measured beside Cumulet, into .venv-serving (once) ..."
	@$(PYTHON) -m venv .venv-serving
	@.venv-serving/bin/python -m pip install --quiet mlflow bentoml litserve 'ray[serve]' scikit-learn 'pandas<3'
	@touch $@

.venv-sagemaker3/.ready: Makefile
	@echo "Installing the sagemaker SDK 3.x into .venv-sagemaker3 (two or three minutes, once) ..."
	@$(PYTHON) -m venv .venv-sagemaker3
	@.venv-sagemaker3/bin/python -m pip install --quiet 'sagemaker>=3,<4' 'pandas<3' scikit-learn
	@touch $@

# boto3 is what s3fs pins through aiobotocore, told here so that pip need not search for it; DuckDB is what its
# extension's wheel was built for.
.venv-clients/.ready: Makefile
	@echo "Installing S3's other clients into .venv-clients (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python -m pip install --quiet 's3fs==2026.9.*' 'aiobotocore==3.10.*' boto3==1.43.117 obstore \
	  deltalake 'pyiceberg[sql-sqlite]' polars 'pandas<3' pyarrow 'smart_open[s3]' awscrt pyathena \
	  duckdb-extension-httpfs==1.5.5
	@touch $@
