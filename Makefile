# `make run` and `make test` do all the set-up themselves; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run test lint format lock bench load endurance fuzz audit sbom model screenshots docker-lint clean
PYTHON_IN = .venv/bin/python
# Where it is set, each of the many processes of a test run would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE
SERVED = requirements.txt requirements-model.txt requirements-cluster.txt

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile | expand -t 20

run: ## serve on http://127.0.0.1:8000 (HOST=0.0.0.0 PORT=9000 make run)
	@bin/install requirements.txt
	@exec $(PYTHON_IN) -m app serve

test: lint ## install what tests need, check style and types, run every test
	@bin/install-browser
	$(PYTHON_IN) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: ## ruff and mypy (hadolint is a test)
	@bin/install requirements-dev.txt
	$(PYTHON_IN) -m ruff check .
	$(PYTHON_IN) -m ruff format --check .
	$(PYTHON_IN) -m mypy --num-workers auto

format: ## put the code into its form
	@bin/install requirements-dev.txt
	$(PYTHON_IN) -m ruff check --fix .
	$(PYTHON_IN) -m ruff format .

lock: ## write requirements*.txt anew from requirements*.in
	@bin/install requirements-dev.txt
	@for name in requirements requirements-model requirements-cluster requirements-dev; do \
	    .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	        --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	        $$name.in --output-file $$name.txt >/dev/null || exit 1; \
	done

bench: ## measure what the README says: accuracy, then speed
	@bin/install requirements-dev.txt
	$(PYTHON_IN) -m bench.accuracy
	$(PYTHON_IN) -m bench.speed

load: ## how the service holds under load: throughput, times, what is refused (four minutes)
	@bin/install requirements-dev.txt
	$(PYTHON_IN) -m bench.load

endurance: ## whether memory creeps in 1,000 evaluations, and how much each size of image takes
	@bin/install requirements-dev.txt
	$(PYTHON_IN) -m bench.endurance
	$(PYTHON_IN) -m bench.sizing

audit: ## look for known holes in what is installed to serve (asks the package registry; fails where it cannot be reached)
	@bin/install requirements-dev.txt
	.venv/bin/pip-audit --strict --disable-pip --require-hashes $(foreach lock,$(SERVED),-r $(lock))

sbom: ## list all that is installed to serve, with versions and hashes: bench/out/*.cdx.json (CycloneDX), one for each lock
	@bin/install requirements-dev.txt
	@mkdir -p bench/out
	@for lock in $(SERVED); do \
	    $(PYTHON_IN) -W ignore -m cyclonedx_py requirements --output-reproducible --pyproject pyproject.toml \
	        --output-format JSON --output-file bench/out/$${lock%.txt}.cdx.json $$lock || exit 1; \
	done

fuzz: ## damage files and forms by chance for some minutes (SECONDS_OF_FUZZING=300) and look for answers that were not meant
	@bin/install requirements-dev.txt
	$(PYTHON_IN) -W ignore -m tests.fuzz --seconds $${SECONDS_OF_FUZZING:-300}

model: ## install the MobileNet model that names what a picture shows
	@bin/install requirements.txt
	@bin/install requirements-model.txt
	@$(PYTHON_IN) -m app model install

screenshots: ## make the pictures of the README anew, from what `make run` serves
	@bin/install requirements-dev.txt
	@bin/install-browser
	@$(PYTHON_IN) bin/screenshots

docker-lint: ## check the Dockerfile
	@bin/install requirements-dev.txt
	.venv/bin/hadolint Dockerfile

clean: ## remove the environment and everything that was made here
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results bench/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
