# `make book` and `make test` need only Python 3.11 or newer, git and make; everything else goes into .venv, ready built.

PYTHON ?= python3
PROFILE ?= laptop
PORT ?= 8000
CASES ?= 100000
# On Linux the default build of PyTorch carries 2.5 GB of GPU libraries. `make TORCH_INDEX=URL book` takes torch from
# another package index, such as PyTorch's own one of CPU builds (a tenth of the size).
TORCH_INDEX ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# pip sees the same packages whatever the folder, and says only what went wrong.
INSTALL := $(PIP) install --quiet --quiet
STAMP := .venv/.installed

# Where `make reproduce` works, and what its commands have in common. Seeds are compared with each other, two at least,
# but for the adaptation, whose 36 methods on three domains take long enough with one in profile smoke.
RESULTS ?=
AGAIN := data/cache/reproduce-$(PROFILE)
SEEDS ?= $(if $(filter smoke,$(PROFILE)),0 1,0 1 2)
ADAPTED_SEEDS ?= $(if $(filter smoke,$(PROFILE)),0,$(SEEDS))
# JOBS=1: one model at a time instead of one per core.
JOBS ?=
ANEW = --profile $(PROFILE) --out $(AGAIN)
TRAINED = $(ANEW) $(if $(filter paper,$(PROFILE)),--device cuda)
AT_ONCE = $(JOBS:%=--jobs %)
PROCESSES = $(AT_ONCE)
# In profile smoke a process takes longer to start than its work takes: a part has one, of one thread, and two parts are
# made at once. The training and the adaptation, which come first and last, have one a core.
ifeq ($(PROFILE)$(JOBS),smoke)
PROCESSES = --jobs 1
MAKEFLAGS += -j2
export OMP_NUM_THREADS = 1
endif
MEASURED := representativeness prior modalities fidelity embedding-cost prior-cost tuning-cost

.PHONY: book notebooks slides pdf archive check test torture torture-numbers torture-runs lab serve bench reproduce lint format lock strip clean help

# Where the repository lies, for the links of pages and notebooks; without it there are none.
export RFE_REPOSITORY

book: $(STAMP)  ## build the book into _build/html; from rows made anew with RESULTS=data/cache/reproduce-smoke PROFILE=smoke
	@RFE_PROFILE=$(PROFILE) RFE_RESULTS=$(abspath $(RESULTS)) $(BIN)/python book/build.py
	@echo "The book is ready: open _build/html/index.html, or run 'make serve'."

notebooks: $(STAMP)  ## write the student and teacher notebooks into _build/notebooks
	@$(BIN)/python book/build.py notebooks
	@echo "The notebooks are in _build/notebooks/student and _build/notebooks/teacher."

PARALLEL := --numprocesses=auto --dist=worksteal

check: lint  ## run style, types, imports and the quick tests, on all cores (two minutes on two)
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not browser" $(PYTEST_ARGS)

test: lint  ## build the book, then run everything on all cores, the tests of its pages in a browser among them
	@$(BIN)/python book/build.py
	@$(BIN)/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

torture: $(STAMP)  ## read 100,000 damaged and hostile files of every kind (8 minutes); CASES=1000 for fewer
	@$(BIN)/python tests/torture.py --cases $(CASES)

torture-numbers: $(STAMP)  ## compare 100,000 random calls of losses, samplers and scores with plain loops; CASES=1000 for fewer
	@$(BIN)/python tests/torture_numbers.py --cases $(CASES)

lab: $(STAMP)  ## open the chapters in JupyterLab, their exercises to solve; your copies lie in lab/
	@$(BIN)/python book/build.py lab
	@$(BIN)/python -m jupyterlab --notebook-dir=lab

serve: book  ## build the book and serve it on this machine
	@echo "Serving the book at http://localhost:$(PORT)/ (stop with Ctrl-C)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

slides: book  ## build the book with its slides, of the lesson and of each chapter
	@echo "The slides are in _build/html/slides: open lesson.html, or 05-sampling.html, in a browser."

pdf: book  ## print the whole book into _build/book.pdf, with Chromium
	@$(BIN)/python book/pdf.py

archive: book notebooks  ## put the commit, pages, notebooks and the PDF, if made, into _build/rfe-book.zip, with sums and an RO-Crate
	@$(BIN)/python book/archive.py

bench: $(STAMP)  ## compare speed and memory with MONAI, pytorch-metric-learning and scikit-image; time the widgets
	@$(BIN)/python benchmarks/bench.py
	@$(BIN)/python benchmarks/embedding.py
	@$(BIN)/python benchmarks/prior.py
	@$(BIN)/python benchmarks/tuning_step.py
	@RFE_FRAME_MS=16 RFE_FIRST_WIDGET_MS=1000 $(BIN)/python -m pytest -q -s -m frames tests/book

reproduce: $(AGAIN)/.tested $(AGAIN)/.sweep $(AGAIN)/.adaptation $(AGAIN)/.variants $(MEASURED:%=$(AGAIN)/.%)  ## train, fine-tune, test and measure all anew, in data/cache: PROFILE=smoke, laptop or paper
	@echo "Rows and weights are in $(AGAIN); 'make book RESULTS=$(AGAIN) PROFILE=$(PROFILE)' shows them."
	@echo "Rows of real scans (real, scan_statistics, scan_histograms) need those: the stored ones stand beside them."

# Test patients are scored once, so a part that is done is not begun again. Each part writes tables of its own, or
# waits for the one before it that writes the same.
$(AGAIN)/.patients: | $(STAMP)
	@$(BIN)/rfe data make --profile $(PROFILE) $(AT_ONCE)
	@mkdir -p $(@D) && touch $@

$(AGAIN)/.baselines: | $(AGAIN)/.patients
	@$(BIN)/rfe train $(TRAINED) $(AT_ONCE) --seeds $(SEEDS) --evaluate dev
	@touch $@

$(AGAIN)/.tested: $(AGAIN)/.baselines
	@$(BIN)/rfe train $(TRAINED) $(PROCESSES) --seeds $(SEEDS) --evaluate test
	@touch $@

$(AGAIN)/.variants: $(AGAIN)/.baselines
	@$(BIN)/rfe variants $(TRAINED) --seeds $(ADAPTED_SEEDS) $(if $(filter smoke,$(PROFILE)),--variants four-scanners modality-dropout)
	@touch $@

$(AGAIN)/.search: $(AGAIN)/.baselines
	@$(BIN)/rfe sweep --experiment search $(TRAINED) $(PROCESSES) --seeds 0 --baselines $(AGAIN) --evaluate dev
	@touch $@

$(AGAIN)/.choices: $(AGAIN)/.search
	@$(BIN)/rfe sweep --experiment choices $(TRAINED) $(PROCESSES) --seeds $(ADAPTED_SEEDS) --baselines $(AGAIN) --evaluate dev
	@touch $@

$(AGAIN)/.sweep: $(AGAIN)/.choices
	@$(BIN)/rfe sweep $(TRAINED) $(PROCESSES) --seeds $(SEEDS) --baselines $(AGAIN) --evaluate test
	@touch $@

$(AGAIN)/.adaptation-search: $(AGAIN)/.sweep
	@$(BIN)/rfe sweep --experiment adaptation-search $(TRAINED) $(PROCESSES) --seeds 0 --baselines $(AGAIN) --evaluate V1
	@touch $@

$(AGAIN)/.adaptation: $(AGAIN)/.adaptation-search
	@$(BIN)/rfe sweep --experiment adaptation $(TRAINED) $(AT_ONCE) --seeds $(ADAPTED_SEEDS) --baselines $(AGAIN) --evaluate test
	@touch $@

$(MEASURED:%=$(AGAIN)/.%): $(AGAIN)/.%: $(AGAIN)/.baselines
	@$(BIN)/rfe measure $* $(ANEW) $(PROCESSES) --seeds $(SEEDS) --baselines $(AGAIN)
	@touch $@

$(AGAIN)/.modalities: $(AGAIN)/.variants

# One after another: of two parts at once one is a sweep, and all the others together take no longer than the sweeps.
ifeq ($(PROFILE)$(JOBS),smoke)
before := tested
$(foreach part,variants $(MEASURED),$(eval $(AGAIN)/.$(part): | $(AGAIN)/.$(before))$(eval before := $(part)))
endif

torture-runs: $(STAMP)  ## kill rfe train, sweep and adapt at random, a hundred times, and compare with undisturbed runs
	@$(BIN)/python tests/torture_runs.py --kills 34

lint: $(STAMP)  ## check the style and layout of code and notebooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(STAMP)  ## put code and notebooks into that layout
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

lock: $(STAMP)  ## write requirements.lock from the present environment
	@{ grep '^#' requirements.lock; \
	   $(PIP) freeze --all --exclude-editable | sed 's/+[a-z0-9.]*$$//' | LC_ALL=C sort -f; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

strip: $(STAMP)  ## remove stored outputs from the notebooks, before a commit
	@$(BIN)/python -m nbconvert --log-level=ERROR --clear-output --inplace book/*.ipynb

clean:  ## remove the built book and the cache of executed notebooks (the environment and data/cache stay)
	rm -rf _build

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1: /p' Makefile

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	   echo "The book needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	        "Name another one: make PYTHON=python3.12 book"; exit 1; }
	@echo "Setting up .venv (once, a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(INSTALL) "$$(grep '^pip==' requirements.lock)"
	@test -z "$(TORCH_INDEX)" || $(INSTALL) --no-deps --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' requirements.lock)"
	@$(INSTALL) --only-binary :all: --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
